package fc

import (
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// FromGateway makes an Auth of the emulator's gateway and an authorizer.
func FromGateway(g *gateway.Gateway, a auth.Authorizer) Auth { return gatewayAuth{g, a} }

type gatewayAuth struct {
	gateway *gateway.Gateway
	auth.Authorizer
}

func (a gatewayAuth) Authenticate(r *http.Request, body []byte) (auth.Caller, error) {
	caller, err := a.gateway.Authenticate(r, body)
	if err != nil {
		return auth.Caller{}, AuthError(err.Code, err.Message)
	}
	return caller, nil
}
