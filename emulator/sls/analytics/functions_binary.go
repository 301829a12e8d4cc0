package analytics

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"database/sql/driver"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// binaryFunctions turn texts into bytes, bytes into digests, and both into texts again.
func binaryFunctions() map[string][]function {
	bytes := func(f func(string) string) []function { return forms(one(Varbinary, Varbinary, f)) }
	from := func(what string, decode func(string) ([]byte, error)) []function {
		return forms(function{args: []Type{Varchar}, result: Varbinary, run: func(v values) (driver.Value, error) {
			b, err := decode(v[0].(string))
			if err != nil {
				return nil, dataf("invalid %s: %v", what, err)
			}
			return string(b), nil
		}})
	}
	to := func(encode func([]byte) string) []function {
		return forms(function{args: []Type{Varbinary}, result: Varchar, run: func(v values) (driver.Value, error) {
			return bounded(encode([]byte(v[0].(string))))
		}})
	}
	return map[string][]function{
		"to_utf8":        forms(one(Varchar, Varbinary, func(s string) string { return s })),
		"from_utf8":      forms(one(Varbinary, Varchar, func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") })),
		"from_base64":    from("base64", base64.StdEncoding.DecodeString),
		"to_base64":      to(base64.StdEncoding.EncodeToString),
		"from_base64url": from("base64", base64.URLEncoding.DecodeString),
		"to_base64url":   to(base64.URLEncoding.EncodeToString),
		"from_hex":       from("hexadecimal text", hex.DecodeString),
		"to_hex":         to(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }),
		"length":         forms(one(Varbinary, Bigint, func(s string) int64 { return int64(len(s)) })),
		"crc32":          forms(one(Varbinary, Bigint, func(s string) int64 { return int64(crc32.ChecksumIEEE([]byte(s))) })),
		"md5":            bytes(func(s string) string { d := md5.Sum([]byte(s)); return string(d[:]) }),
		"sha1":           bytes(func(s string) string { d := sha1.Sum([]byte(s)); return string(d[:]) }),
		"sha256":         bytes(func(s string) string { d := sha256.Sum256([]byte(s)); return string(d[:]) }),
		"sha512":         bytes(func(s string) string { d := sha512.Sum512([]byte(s)); return string(d[:]) }),
	}
}
