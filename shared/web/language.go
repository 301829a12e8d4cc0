package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

//go:embed lang/en.json lang/zh-CN.json
var languageFiles embed.FS

// The languages of the pages.
const (
	english = "en"
	chinese = "zh-CN"
)

var languages = []string{english, chinese}

// words are the texts of one language by key. A key with the ending ".one" is used when the first value is 1.
type words map[string]string

func loadWords(lang string) (words, error) {
	body, err := languageFiles.ReadFile("lang/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("read language %s: %w", lang, err)
	}
	var w words
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, &soc.Error{Kind: soc.Internal, Op: "read language", Resource: lang, Err: err}
	}
	return w, nil
}

// t returns the text of a key with its values filled in. A key that is missing shows as itself.
func (w words) t(key string, values ...any) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	if len(values) == 0 {
		return text
	}
	if one, ok := w[key+".one"]; ok && fmt.Sprint(values[0]) == "1" {
		text = one
	}
	return fmt.Sprintf(text, values...)
}

// languageOf chooses a request's language: the address, then the cookie, then the browser's list.
func languageOf(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); l == english || l == chinese {
		return l
	}
	if k, err := r.Cookie("lang"); err == nil && (k.Value == english || k.Value == chinese) {
		return k.Value
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// accepted returns the language that an Accept-Language header likes best, English when it likes none of ours.
func accepted(header string) string {
	best, weight := english, 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		lang := ""
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case "zh":
			lang = chinese
		case "en":
			lang = english
		}
		if lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// rememberLanguage keeps a language that the address asked for.
func rememberLanguage(w http.ResponseWriter, r *http.Request) {
	if l := r.URL.Query().Get("lang"); l == english || l == chinese {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: l, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
}
