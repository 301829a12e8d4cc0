package web

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestColoursContrast holds the style sheet to WCAG AA: 4.5 to 1 for every colour that text may have, on every ground.
func TestColoursContrast(t *testing.T) {
	t.Parallel()
	body, err := static.ReadFile("static/console.css")
	must(t, err)
	light, dark, ok := strings.Cut(string(body), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark colours")
	}
	variable := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)
	for name, sheet := range map[string]string{"light": light, "dark": dark} {
		colour := map[string]float64{}
		for _, m := range variable.FindAllStringSubmatch(sheet, -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		pairs := [][2]string{{"on-accent", "accent"}, {"warn", "warn-bg"}, {"ink", "bad-bg"}, {"faint", "bad-bg"}, {"ink", "soft"}}
		for _, text := range strings.Fields("ink faint accent critical high medium low informational good bad wait calm") {
			pairs = append(pairs, [2]string{text, "card"}, [2]string{text, "bg"})
		}
		for _, p := range pairs {
			a, ok1 := colour[p[0]]
			b, ok2 := colour[p[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); !ok1 || !ok2 || ratio < 4.5 {
				t.Errorf("%s: %s on %s has contrast %.2f", name, p[0], p[1], ratio)
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	hex = hex[1:]
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	must(t, err)
	part := func(shift uint) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
