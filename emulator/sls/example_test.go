package sls_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

type nobody struct{}

func (nobody) Credential(string) (auth.Credential, bool) { return auth.Credential{}, false }

func (nobody) Authorize(context.Context, auth.Request) auth.Decision { return auth.Decision{} }

// A world is filled without permissions; a trigger follows a shard by position.
func Example() {
	s := sls.New(sls.Options{
		Credentials: nobody{}, Authorizer: nobody{},
		Clock: func() time.Time { return time.Unix(1777860000, 0) },
	})
	if err := s.Seed("1100000000000003", "shop-logs", "audit", 1, sls.LogstoreConfig{TTL: 30}); err != nil {
		fmt.Println(err)
		return
	}
	group := []byte("\n\x0e\x08\xe0\xab\x12\x12\x08\n\x01k\x12\x03val") // one LogGroup of one log
	if err := s.Append("1100000000000003", "shop-logs", "audit", group, time.Unix(1777860005, 0)); err != nil {
		fmt.Println(err)
		return
	}
	begin, _ := s.Position("shop-logs", "audit", 0, time.Unix(1777860000, 0))
	end, last, _ := s.End("shop-logs", "audit", 0)
	fmt.Println(end-begin, last.Unix(), sls.EncodeCursor(begin))
	// Output: 1 1777860005 MTc3Nzg2MDAwMDAwMDAwMDAwMA==
}
