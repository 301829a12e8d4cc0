package fc

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	maxPackage  = 100 << 20 // bytes of a zip file in an API body (fc.md §4.4)
	maxUnpacked = 500 << 20
	maxEntries  = 20_000
)

var crcTable = crc64.MakeTable(crc64.ECMA)

// code is an unpacked package; it stands for /code. users needs Service.mu.
type code struct {
	dir      string
	size     int64
	checksum string
	users    int // revisions that refer to it
}

// codeSource is the code property of a create or update body: a package in the body or in a bucket.
type codeSource struct {
	ZipFile       string `json:"zipFile"`
	OSSBucketName string `json:"ossBucketName"`
	OSSObjectName string `json:"ossObjectName"`
	Checksum      string `json:"checksum"`
}

// parseCode reads the code property of a create or update body; nil when there is none.
func (s *Service) parseCode(raw json.RawMessage, accountID string) (*code, *Error) {
	if len(raw) == 0 || isEmptyJSON(raw) {
		return nil, nil
	}
	var in codeSource
	if err := strictJSON(raw, &in); err != nil {
		return nil, invalid("code: %v; zipFile, or ossBucketName and ossObjectName, are offered by the emulator", err)
	}
	data, refused := s.packageOf(in, accountID)
	if refused != nil {
		return nil, refused
	}
	var err error
	c := &code{size: int64(len(data)), checksum: strconv.FormatUint(crc64.Checksum(data, crcTable), 10)}
	if in.Checksum != "" && in.Checksum != c.checksum {
		return nil, invalid("code.checksum is %s, but the package has %s", in.Checksum, c.checksum)
	}
	if c.dir, err = os.MkdirTemp(s.o.Dir, "code-"); err == nil {
		if err = unpack(data, c.dir); err == nil {
			err = os.WriteFile(c.packageFile(), data, 0o600)
		}
	}
	if err != nil {
		c.remove()
		return nil, invalid("code.zipFile: %v", err)
	}
	return c, nil
}

// packageOf reads the package that a code property names.
//
// Assumption: a bucket must belong to the account of the function; no permission of the caller on the object is asked for,
// and what cannot be read is 400 InvalidArgument.
func (s *Service) packageOf(in codeSource, accountID string) ([]byte, *Error) {
	if in.OSSBucketName == "" && in.OSSObjectName == "" {
		data, err := base64.StdEncoding.DecodeString(in.ZipFile)
		switch {
		case err != nil || len(data) == 0:
			return nil, invalid("code.zipFile must be a zip file in base64")
		case len(data) > maxPackage:
			return nil, errorf(400, "EntityTooLarge", "the package has %d bytes, at most %d are allowed", len(data), maxPackage)
		}
		return data, nil
	}
	if in.ZipFile != "" || s.o.Objects == nil {
		return nil, invalid("code has a package in a bucket: then zipFile must be empty, and the emulator needs an object store")
	}
	owner, data, ok := s.o.Objects.Object(in.OSSBucketName, in.OSSObjectName)
	if !ok || owner != accountID {
		return nil, invalid("code: account %s has no object '%s' in bucket '%s'", accountID, in.OSSObjectName, in.OSSBucketName)
	}
	return data, nil
}

// unpack writes a zip file below dir. Names that leave dir, links and devices are refused; the executable bit is kept.
func unpack(data []byte, dir string) error {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("read zip: %w", err)
	}
	if len(r.File) > maxEntries {
		return fmt.Errorf("%d entries, at most %d are allowed", len(r.File), maxEntries)
	}
	left := int64(maxUnpacked)
	for _, f := range r.File {
		name := path.Clean(strings.TrimSuffix(f.Name, "/"))
		if strings.ContainsRune(f.Name, '\\') || !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("entry %q leaves the package", f.Name)
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = os.MkdirAll(target, 0o755)
		case mode.IsRegular():
			var n int64
			n, err = unpackFile(f, target, left)
			left -= n
		default:
			err = fmt.Errorf("entry %q is neither a file nor a directory", f.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(f *zip.File, target string, limit int64) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return 0, err
	}
	src, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("entry %q: %w", f.Name, err)
	}
	defer src.Close()
	perm := os.FileMode(0o644)
	if f.Mode()&0o111 != 0 {
		perm = 0o755
	}
	dst, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return 0, fmt.Errorf("entry %q: %w", f.Name, err)
	}
	n, err := io.Copy(dst, io.LimitReader(src, limit+1))
	if err = errors.Join(err, dst.Close()); err != nil {
		return n, fmt.Errorf("entry %q: %w", f.Name, err)
	}
	if n > limit {
		return n, fmt.Errorf("unpacked package exceeds %d bytes", maxUnpacked)
	}
	return n, nil
}

// dropCode removes the files of a package that nothing refers to any more. It needs s.mu.
func (s *Service) dropCode(c *code) {
	if c.users--; c.users <= 0 {
		c.remove()
	}
}

// packageFile is the package as it was sent, for GetFunctionCode.
func (c *code) packageFile() string { return c.dir + ".zip" }

// remove deletes the files; what cannot be removed now goes with the work directory.
func (c *code) remove() {
	_ = os.RemoveAll(c.dir)
	_ = os.Remove(c.packageFile())
}
