// Command ours is a function built as the functions of this project are, for the test that runs one program on both
// runtimes.
package main

import (
	"context"
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type input struct{ Say string }

type output struct{ Said, Account, Key string }

func main() {
	fc.Main("ours", func(context.Context, struct{}) (func(context.Context, input) (output, error), error) {
		return handle, nil
	})
}

func handle(ctx context.Context, in input) (output, error) {
	if in.Say == "" {
		return output{}, &soc.Error{Kind: soc.Invalid, Op: "listen", Err: errors.New("nothing was said")}
	}
	c, _ := fc.FromContext(ctx)
	return output{in.Say, c.AccountID, c.Credentials.AccessKeyID}, nil
}
