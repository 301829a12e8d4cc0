package directory

import (
	"encoding/base64"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// page is one page of a list, by number.
type page struct{ number, size int }

// readPage reads PageNumber (from 1) and PageSize (1 to 100, default 10).
func readPage(c *gateway.Call) (page, error) {
	number, err := c.Int("PageNumber", 1)
	if err != nil {
		return page{}, err
	}
	size, err := c.Int("PageSize", 10)
	if err != nil {
		return page{}, err
	}
	if number < 1 {
		return page{}, invalid("PageNumber", "The page number starts from 1.")
	}
	if size < 1 || size > 100 {
		return page{}, invalid("PageSize", "The page size is 1 to 100.")
	}
	return page{number, size}, nil
}

func cut[T any](p page, all []T) []T {
	from := min(min(p.number-1, len(all))*p.size, len(all)) // the number may be anything
	return all[from:min(from+p.size, len(all))]
}

// paged puts one page of all under outer.inner, with the counts.
func paged[T any](p page, outer, inner string, all []T, view func(T) object) object {
	list := make([]object, 0, p.size)
	for _, x := range cut(p, all) {
		list = append(list, view(x))
	}
	return object{outer: object{inner: list}, "TotalCount": len(all), "PageNumber": p.number, "PageSize": p.size}
}

// readToken reads the paging of the 2022 version of ListAccounts: an offset in NextToken and MaxResults (1 to 100).
func readToken(c *gateway.Call) (offset, limit int, err error) {
	limit, err = c.Int("MaxResults", 10)
	if err != nil || limit < 1 || limit > 100 {
		return 0, 0, invalid("MaxResults", "MaxResults is 1 to 100.")
	}
	token := c.Get("NextToken")
	if len(token) > 256 {
		return 0, 0, invalid("NextToken.Length", "The token has at most 256 characters.")
	}
	if token == "" {
		return 0, limit, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		offset, err = strconv.Atoi(string(text))
	}
	if err != nil || offset < 0 {
		return 0, 0, invalid("NextToken", "The token is invalid.")
	}
	return offset, limit, nil
}

func nextToken(offset int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(offset)))
}

// readTags reads Tag.N.Key and Tag.N.Value, N from 1 without gaps.
func readTags(c *gateway.Call) []tag {
	var out []tag
	for n := 1; ; n++ {
		prefix := "Tag." + strconv.Itoa(n)
		if c.Get(prefix+".Key") == "" {
			break
		}
		out = append(out, tag{c.Get(prefix + ".Key"), c.Get(prefix + ".Value")})
	}
	return out
}
