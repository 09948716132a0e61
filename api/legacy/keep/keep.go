// Package keep has the file of routes, which people, and all gateways of a machine or a
// shared volume, read and change, and beside it the journal of its changes.
package keep

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/amends/amends/api/legacy/route"
)

// Change is one entry of the journal: who changed a route, when, why and how.
type Change struct {
	At          time.Time          `json:"at"`
	Route       string             `json:"route"`
	By          string             `json:"by"`
	Reason      string             `json:"reason"`
	Forced      bool               `json:"forced,omitempty"` // against the route's gate
	Differences []route.Difference `json:"differences"`
}

// File is a file of routes at a path. Its methods may be called at once, in any number of
// processes.
type File struct{ path string }

// At returns the file at a path.
func At(path string) File { return File{path} }

// Path returns the path of the file.
func (f File) Path() string { return f.path }

// Read returns the content of the file.
func (f File) Read() ([]byte, error) {
	return os.ReadFile(f.path) //nolint:wrapcheck // it names the file
}

// Update replaces the content by that which change makes of it, and adds an entry to the
// journal; no entry: nothing changes. No other Update of any process comes in between. It
// returns the new content.
func (f File) Update(change func(route.File) (route.File, *Change, error)) (content []byte, err error) {
	unlock, err := Lock(f.path + ".lock")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	content, err = f.Read()
	if err != nil {
		return nil, err
	}
	file, err := route.Read(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	file, entry, err := change(file)
	if err != nil || entry == nil {
		return content, err
	}
	if content, err = file.Write(); err != nil {
		return nil, err
	}
	// The journal first: an entry without its change is seen, a change without one is not.
	if err := f.record(*entry); err != nil {
		return nil, err
	}
	return content, f.replace(content)
}

// Lock waits until no other process, and no other call of this one, has the lock at a path. The
// kernel releases the lock of a process that ends.
func Lock(path string) (unlock func() error, err error) {
	held, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), held.Close())
	}
	return held.Close, nil
}

// replace writes the file: a reader finds the old content or the new one, never a part.
func (f File) replace(content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return fmt.Errorf("write the routes: %w", err)
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the routes: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}

func (f File) journal() string { return f.path + ".changes" }

func (f File) record(c Change) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("record a change of a route: %w", err)
	}
	file, err := os.OpenFile(f.journal(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // operators read it
	if err != nil {
		return fmt.Errorf("record a change of a route: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// Changes returns the last entries of the journal, at most so many, the newest first. A line
// that is no entry, such as one that a crash has cut off, is left out.
func (f File) Changes(most int) ([]Change, error) {
	content, err := os.ReadFile(f.journal())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the changes of routes: %w", err)
	}
	var all []Change
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c Change
		if json.Unmarshal(lines.Bytes(), &c) == nil {
			all = append(all, c)
		}
	}
	if len(all) > most {
		all = all[len(all)-most:]
	}
	newest := make([]Change, len(all))
	for i, c := range all {
		newest[len(all)-1-i] = c
	}
	return newest, nil
}
