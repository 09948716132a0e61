// Package reload keeps values that are read from files, and reads them again when the
// files change.
//
// A file may be replaced in any way, by a rename, a symbolic link or in place: every look
// reads the whole content, so that no notification can be missed. A content that cannot
// be used changes nothing: the value before it stays, and the next look tries again.
package reload

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// Value is a value that is read from files. Its methods may be called at once.
type Value[T any] struct {
	paths   []string
	parse   func(contents ...[]byte) (T, error)
	current atomic.Pointer[T]

	mu      sync.Mutex
	content []byte // of the current value, each file ended by a zero
}

// New returns a value without a content, which parse makes of the contents of the files.
func New[T any](parse func(contents ...[]byte) (T, error), paths ...string) *Value[T] {
	return &Value[T]{paths: paths, parse: parse}
}

// Get returns the current value, the zero one before the first.
func (v *Value[T]) Get() (value T) {
	if p := v.current.Load(); p != nil {
		return *p
	}
	return value
}

// Look reads the files and, if they have changed and can be used, replaces the value. Its
// error names the file.
func (v *Value[T]) Look() (changed bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var contents [][]byte
	var all []byte
	for _, path := range v.paths {
		content, err := read(path)
		if err != nil {
			return false, err
		}
		contents = append(contents, content)
		all = append(append(all, content...), 0)
	}
	if bytes.Equal(all, v.content) {
		return false, nil
	}
	value, err := v.parse(contents...)
	if err != nil {
		return false, fmt.Errorf("%s: %w", v.paths[0], err)
	}
	v.content = all
	v.current.Store(&value)
	return true, nil
}

// maxFile bounds a file, in bytes.
const maxFile = 1 << 20

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the file
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: it is larger than %d bytes", path, maxFile)
	}
	return os.ReadFile(path) //nolint:wrapcheck // it names the file
}
