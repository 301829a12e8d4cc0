// Command gofunc is a function for the runtime go1. It speaks the protocol of the official runtime SDK by itself: one
// poll at a time, a goroutine for each event, hooks by x-fc-function-type, results and errors by POST.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

var base = "http://" + os.Getenv("FC_RUNTIME_API") + "/2020-11-11/runtime/invocation/"

func main() {
	if os.Getenv("FC_RUNTIME_API") == "" || os.Getenv("MODE") == "exit" {
		fmt.Fprintln(os.Stderr, "no runtime API")
		os.Exit(1)
	}
	for {
		resp, err := http.Get(base + "next")
		if err != nil {
			continue // as the SDK does: at once
		}
		event, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			mark(fmt.Sprintf("bad next %d", resp.StatusCode))
			continue
		}
		go handle(resp.Header, event)
	}
}

// mark appends a word to the file named by MARKS, for what happens without an answer.
func mark(word string) {
	if name := os.Getenv("MARKS"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, word)
			f.Close()
		}
	}
}

var hooks = map[string]string{"1": "initialize", "2": "pre-stop"}

func handle(h http.Header, event []byte) {
	id := h.Get("x-fc-request-id")
	if hook := hooks[h.Get("x-fc-function-type")]; hook != "" {
		mark(hook)
		if hook == "initialize" && os.Getenv("MODE") == "bad-init" {
			post(id, "error", `{"errorMessage":"no database","errorType":"errorString"}`)
			return
		}
		post(id, "response", "")
		return
	}
	fmt.Println("FC Invoke Start RequestId: " + id)
	result, failure := run(h, event)
	if failure != "" {
		fmt.Println("FC Invoke End RequestId: " + id + ", Error: Unhandled function error")
		post(id, "error", failure)
		return
	}
	fmt.Println("FC Invoke End RequestId: " + id)
	post(id, "response", result)
}

func post(id, kind, body string) {
	resp, err := http.Post(base+id+"/"+kind, "application/json", bytes.NewReader([]byte(body)))
	if err != nil || resp.StatusCode != http.StatusOK {
		mark("report refused")
		return
	}
	resp.Body.Close()
}

func run(h http.Header, event []byte) (result, failure string) {
	var e struct {
		Mode           string
		RequestContext struct{ HTTP struct{ Path string } }
	}
	_ = json.Unmarshal(event, &e)
	if p := e.RequestContext.HTTP.Path; p != "" {
		e.Mode = strings.TrimPrefix(p, "/")
	}
	switch e.Mode {
	case "fail":
		return "", `{"errorMessage":"asked to fail","errorType":"errorString"}`
	case "exit":
		os.Exit(3)
	case "slow":
		mark("slow")
		time.Sleep(time.Hour)
	case "silent": // as the SDK with a malformed deadline: no answer
		select {}
	case "web":
		return `{"statusCode":201,"headers":{"x-program":"gofunc","content-type":"text/plain"},"isBase64Encoded":true,"body":"aGVsbG8="}`, ""
	case "badstatus":
		return `{"statusCode":1}`, ""
	case "twice":
		post(h.Get("x-fc-request-id"), "response", `"first"`)
		return `"second"`, ""
	case "seen":
		out, _ := json.Marshal(map[string]any{"header": h, "event": string(event), "env": os.Environ()})
		return string(out), ""
	}
	return string(event), ""
}
