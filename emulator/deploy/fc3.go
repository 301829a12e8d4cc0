package deploy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// defaultHandler is sent when the file has none: the API wants one, a custom runtime gives it no meaning.
//
// Assumption: the text that the component fills in.
const defaultHandler = "index.handler"

// deployFC3 deploys a function, its triggers and its asynchronous configuration, and then reads all of it back.
func deployFC3(ctx context.Context, d *deployment) error {
	name := d.text("functionName")
	d.done.Name = name
	path := "functions/" + url.PathEscape(name)
	if err := d.function(ctx, path); err != nil {
		return err
	}
	var triggers []map[string]any
	list, _ := d.props["triggers"].([]any)
	for _, t := range list {
		triggers = append(triggers, t.(map[string]any))
	}
	for _, t := range triggers {
		if err := d.trigger(ctx, path, t); err != nil {
			return err
		}
	}
	if config, ok := d.props["asyncInvokeConfig"].(map[string]any); ok {
		body := map[string]any{}
		for k, v := range config {
			if k != "qualifier" {
				body[k] = v
			}
		}
		if err := d.client.roa(ctx, "PutAsyncInvokeConfig", http.MethodPut, path+"/async-invoke-config?qualifier=LATEST", body, nil); err != nil {
			return err
		}
	}
	return d.verify(ctx, path, triggers)
}

// remote is what the API tells about a function.
type remote struct {
	FunctionARN  string `json:"functionArn"`
	CodeChecksum string `json:"codeChecksum"`
}

func (d *deployment) function(ctx context.Context, path string) error {
	var have remote
	err := d.client.roa(ctx, "GetFunction", http.MethodGet, path, nil, &have)
	var refusal *APIError
	absent := errors.As(err, &refusal) && refusal.Status == http.StatusNotFound
	if err != nil && !absent {
		return err
	}
	pkg, sum, err := d.code()
	if err != nil {
		return fmt.Errorf("package code: %w", err)
	}
	body := d.functionBody()
	if absent || have.CodeChecksum != sum {
		body["code"] = map[string]string{"zipFile": base64.StdEncoding.EncodeToString(pkg), "checksum": sum}
	}
	if absent {
		d.done.Action = "create"
		return d.client.roa(ctx, "CreateFunction", http.MethodPost, "functions", body, nil)
	}
	d.done.Action = "update"
	return d.client.roa(ctx, "UpdateFunction", http.MethodPut, path, body, nil)
}

// functionBody is what create and update take. Sections that the file omits are sent empty, so that removing one from
// the file clears it (fc.md §5.3).
func (d *deployment) functionBody() map[string]any {
	body := map[string]any{
		"description": "", "role": "", "environmentVariables": map[string]string{},
		"logConfig": nil, "instanceLifecycleConfig": nil, "customRuntimeConfig": nil, "handler": defaultHandler,
	}
	for k, v := range d.props {
		switch k {
		case "region", "code", "triggers", "asyncInvokeConfig":
		default:
			body[k] = v
		}
	}
	if role := d.text("role"); role != "" && !strings.Contains(role, ":") {
		// The component adds the account to a bare name and lower-cases the whole ARN (fc.md §5.3).
		body["role"] = strings.ToLower("acs:ram::" + d.client.access.AccountID + ":role/" + role)
	}
	return body
}

func (d *deployment) trigger(ctx context.Context, path string, t map[string]any) error {
	name := t["triggerName"].(string)
	config, err := json.Marshal(t["triggerConfig"]) // travels as a string (fc.md §4.6)
	if err != nil {
		return fmt.Errorf("trigger %s: %w", name, err)
	}
	body := map[string]any{"triggerConfig": string(config), "qualifier": "LATEST"}
	for _, k := range []string{"description", "invocationRole"} {
		if v, ok := t[k]; ok {
			body[k] = v
		}
	}
	at := path + "/triggers/" + url.PathEscape(name)
	err = d.client.roa(ctx, "GetTrigger", http.MethodGet, at, nil, nil)
	var refusal *APIError
	switch {
	case err == nil:
		return d.client.roa(ctx, "UpdateTrigger", http.MethodPut, at, body, nil)
	case !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound:
		return err
	}
	body["triggerName"], body["triggerType"] = name, t["triggerType"]
	if v, ok := t["sourceArn"]; ok {
		body["sourceArn"] = v
	}
	return d.client.roa(ctx, "CreateTrigger", http.MethodPost, path+"/triggers", body, nil)
}

// verify reads back what was deployed: a deploy that left no function or no trigger is a failure.
func (d *deployment) verify(ctx context.Context, path string, triggers []map[string]any) error {
	var have remote
	if err := d.client.roa(ctx, "GetFunction", http.MethodGet, path, nil, &have); err != nil {
		return fmt.Errorf("after the deployment: %w", err)
	}
	d.done.Outputs["functionName"], d.done.Outputs["functionArn"] = d.done.Name, have.FunctionARN
	for _, t := range triggers {
		name := t["triggerName"].(string)
		var got struct {
			TriggerType string `json:"triggerType"`
			HTTPTrigger struct {
				URLInternet string `json:"urlInternet"`
			} `json:"httpTrigger"`
		}
		if err := d.client.roa(ctx, "GetTrigger", http.MethodGet, path+"/triggers/"+url.PathEscape(name), nil, &got); err != nil {
			return fmt.Errorf("after the deployment: %w", err)
		}
		if got.TriggerType != t["triggerType"] {
			return fmt.Errorf("after the deployment: trigger %s has type %q, not %v", name, got.TriggerType, t["triggerType"])
		}
		d.done.Triggers = append(d.done.Triggers, name)
		if u := got.HTTPTrigger.URLInternet; u != "" {
			d.done.URL, d.done.Outputs["url"] = u, u
		}
	}
	return nil
}

// code makes the package and its CRC-64. A path that ends in .zip is taken as it is.
func (d *deployment) code() (pkg []byte, checksum string, err error) {
	code := d.text("code")
	path := code
	if d.o.CodeDir != nil {
		path = d.o.CodeDir(d.done.Name, code)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.o.Dir, filepath.FromSlash(path))
	}
	if strings.HasSuffix(path, ".zip") {
		pkg, err = os.ReadFile(path)
	} else {
		pkg, err = zipDir(path)
	}
	sum := crc64.Checksum(pkg, crc64.MakeTable(crc64.ECMA))
	return pkg, strconv.FormatUint(sum, 10), err
}

// zipDir packs a folder, stored and not compressed. The same files make the same bytes; the executable bit is kept.
func zipDir(dir string) ([]byte, error) {
	var buf bytes.Buffer
	w, n := zip.NewWriter(&buf), 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n++
		return zipFile(w, dir, path)
	})
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("%s has no files; was the function built?", dir)
	}
	return buf.Bytes(), nil
}

func zipFile(w *zip.Writer, dir, path string) error {
	info, err := os.Stat(path) // follows links: the package holds what they point to
	if err != nil {
		return err
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: filepath.ToSlash(name), Method: zip.Store, Modified: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o644)
	if info.Mode()&0o111 != 0 {
		h.SetMode(0o755)
	}
	dst, err := w.CreateHeader(h)
	if err != nil {
		return err
	}
	src, err := os.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	_, err = io.Copy(dst, src)
	return err
}
