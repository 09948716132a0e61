// Package merged shows several file systems as one.
package merged

import (
	"errors"
	"io/fs"
	"slices"
)

// FS shows several file systems as one: the files at their roots. File names must differ;
// goose refuses equal versions.
type FS []fs.FS

// Open opens the file in the first source that has it.
func (m FS) Open(name string) (fs.File, error) {
	for _, source := range m {
		f, err := source.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the folder's files in all sources. A name in two of them is an
// error: one would hide the other.
func (m FS) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, source := range m {
		entries, err := fs.ReadDir(source, name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !slices.ContainsFunc(all, func(o fs.DirEntry) bool { return o.Name() == e.Name() }) {
				all = append(all, e)
				continue
			}
			return nil, &fs.PathError{Op: "merge", Path: e.Name(), Err: fs.ErrExist}
		}
	}
	return all, nil
}
