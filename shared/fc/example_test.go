package fc_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
)

// A function is its typed handler; the server speaks the platform's protocol around it. In main, fc.Main does both.
func ExampleNewServer() {
	type input struct{ Name string }
	server := fc.NewServer("hello", func(context.Context) (fc.Handlers, error) {
		return fc.Handlers{Event: fc.Typed(func(_ context.Context, in input) (string, error) { return "hello " + in.Name, nil })}, nil
	}, io.Discard)
	for _, payload := range []string{`{"Name":"C"}`, `{"name of a field that is not ours":1}`} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest("POST", "/invoke", strings.NewReader(payload)))
		fmt.Println(w.Header().Get("x-fc-status"), w.Body)
	}
	// Output:
	// 200 "hello C"
	// 404 {"errorMessage":"read input: json: unknown field \"name of a field that is not ours\"","errorType":"Invalid","next":"compare the payload with the function's input"}
}
