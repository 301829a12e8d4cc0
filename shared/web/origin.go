package web

import (
	"context"
	"net/netip"
)

type addressKey struct{}

func withAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// origin is where a change came from, as the audit trail keeps it: the console, and the address that asked. What is no
// address is not written down, since it could come from a header.
func origin(ctx context.Context) string {
	text, _ := ctx.Value(addressKey{}).(string)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return "console, address unknown"
	}
	return "console " + ip.WithZone("").Unmap().String()
}
