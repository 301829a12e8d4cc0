package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// EventHandler takes an event and returns a result, both as bytes. The result belongs to the caller: a handler must not
// change it afterwards, since it is sent while other calls run. What lambda.NewHandler makes breaks that rule; see
// [FromLambda].
type EventHandler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Handlers is what a function serves. One of them may be nil: what it would take is then refused as Unsupported.
type Handlers struct {
	Event EventHandler
	HTTP  http.Handler
}

// Lenient is implemented by inputs that accept unknown fields: events that a cloud service defines.
type Lenient interface{ LenientJSON() }

// Typed makes an [EventHandler] of a typed function. The input is JSON, decoded strictly: unknown fields and trailing
// data are Invalid, unless I is [Lenient]. An I of []byte or json.RawMessage takes the payload as it is (the latter
// after a check that it is JSON); an O of []byte or json.RawMessage is returned as it is.
func Typed[I, O any](f func(context.Context, I) (O, error)) EventHandler { return typed[I, O](f) }

type typed[I, O any] func(context.Context, I) (O, error)

// Invoke decodes, calls and encodes.
func (f typed[I, O]) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	in, err := decode[I](payload)
	if err != nil {
		return nil, err
	}
	out, err := f(ctx, in)
	if err != nil {
		return nil, err
	}
	return encode(out)
}

func decode[I any](payload []byte) (in I, err error) {
	bad := func(err error) (I, error) {
		return in, &soc.Error{Kind: soc.Invalid, Op: "read input", Err: err, Next: "compare the payload with the function's input"}
	}
	switch p := any(&in).(type) {
	case *[]byte:
		*p = payload
		return in, nil
	case *json.RawMessage:
		if !json.Valid(payload) {
			return bad(errors.New("payload is not JSON"))
		}
		*p = payload
		return in, nil
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if _, lenient := any(&in).(Lenient); !lenient {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(&in); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("payload ends in the middle of JSON, or is empty")
		}
		return bad(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad(errors.New("payload goes on after its first JSON value"))
	}
	return in, nil
}

func encode[O any](out O) ([]byte, error) {
	switch v := any(out).(type) {
	case []byte:
		return v, nil
	case json.RawMessage:
		return v, nil
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, &soc.Error{Kind: soc.Internal, Op: "write output", Err: fmt.Errorf("encode %T: %w", out, err)}
	}
	return b, nil
}
