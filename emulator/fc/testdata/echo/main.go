// Command echo is the function that the tests of the emulator deploy. What it does is said by the event.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type event struct {
	Mode  string `json:"mode"`
	Text  string `json:"text"`
	File  string `json:"file"`
	Lines int    `json:"lines"`
}

func main() {
	if os.Getenv("MODE") == "no-start" {
		fmt.Println("cannot start")
		os.Exit(3)
	}
	go func() {
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		<-term
		mark("sigterm")
		os.Exit(0)
	}()
	address := os.Getenv("LISTEN") + ":" + os.Getenv("FC_CUSTOM_LISTEN_PORT")
	config := net.ListenConfig{}
	if os.Getenv("MODE") == "own-port" { // a server that shares its port with nobody
		config.Control = unshared
	}
	l, err := config.Listen(context.Background(), "tcp", address)
	if err == nil {
		err = http.Serve(l, http.HandlerFunc(serve))
	}
	fmt.Println(err)
	os.Exit(1)
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

func serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" {
		mark("ready")
		if file := os.Getenv("READY"); file != "" {
			if _, err := os.Stat(file); err != nil {
				http.Error(w, "not ready", http.StatusServiceUnavailable)
			}
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	id := r.Header.Get("X-Fc-Request-Id")
	switch r.Header.Get("X-Fc-Control-Path") {
	case "/initialize":
		mark("initialize")
		fmt.Println("FC Initialize Start RequestId: " + id)
		fmt.Println("warming up")
		fmt.Println("FC Initialize End RequestId: " + id)
		if os.Getenv("MODE") == "slow-init" {
			time.Sleep(time.Hour)
		}
		if os.Getenv("MODE") == "bad-init" {
			http.Error(w, "no database", http.StatusInternalServerError)
		}
	case "/pre-stop":
		if os.Getenv("MODE") == "slow-stop" {
			time.Sleep(time.Hour)
		}
		mark("pre-stop")
	case "/http-invoke":
		w.Header().Set("X-Program", "echo")
		w.Header().Set("X-Fc-Forbidden", "1")
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
			return
		}
		switch r.URL.Path {
		case "/fail":
			w.Header().Set("X-Fc-Status", "404")
		case "/crash":
			os.Exit(2)
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 9<<10))
		}
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s host=%s fc=%s agent=%s body=%s", r.Method, r.URL.RequestURI(), r.Host, r.Header.Get("X-Fc-Custom"), r.UserAgent(), body)
	default:
		fmt.Println("FC Invoke Start RequestId: " + id)
		invoke(w, r, body)
		fmt.Println("FC Invoke End RequestId: " + id)
	}
}

func invoke(w http.ResponseWriter, r *http.Request, body []byte) {
	var e event
	_ = json.Unmarshal(body, &e)
	switch e.Mode {
	case "fail":
		w.Header().Set("X-Fc-Status", "404")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errorMessage":"asked to fail"}`)
	case "crash":
		fmt.Fprintln(os.Stderr, "about to crash")
		os.Exit(2)
	case "slow":
		mark("slow")
		time.Sleep(time.Hour)
	case "wait": // until a file appears
		mark("wait")
		for {
			if _, err := os.Stat(e.File); err == nil {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		fmt.Fprint(w, os.Getpid())
	case "log":
		for i := range e.Lines {
			fmt.Println("line", i, strings.Repeat("x", 100))
		}
	case "flag": // fail until a file appears
		if _, err := os.Stat(e.File); err != nil {
			w.Header().Set("X-Fc-Status", "404")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, "ok")
	case "child":
		c := exec.Command("sleep", "1000")
		if err := c.Start(); err == nil {
			fmt.Fprint(w, c.Process.Pid)
		}
	case "env":
		out := map[string]any{"env": os.Environ(), "header": r.Header, "pid": os.Getpid()}
		_ = json.NewEncoder(w).Encode(out)
	default:
		mark("event " + string(body))
		if name := os.Getenv("FAIL_UNTIL"); name != "" {
			if _, err := os.Stat(name); err != nil {
				w.Header().Set("X-Fc-Status", "404")
				w.WriteHeader(http.StatusNotFound)
				return
			}
		}
		w.Write(body)
	}
}
