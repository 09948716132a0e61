// Package secrets has the secrets by which callers prove their names where no
// certificates are used: in one process, or behind a mesh. A secret is never shown.
package secrets

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/internal/identity"
)

// A secret has minLength to maxLength characters: it is sent in a header, and must not
// be guessed.
const minLength, maxLength = 16, 256

// visible matches visible ASCII without the comma, which separates entries.
var visible = regexp.MustCompile(`^[!-+\--~]*$`)

// Secrets are those of some callers. It prints as the callers' names.
type Secrets struct{ of map[string]string }

// Parse reads name=secret, separated by commas or line breaks. Its error never shows a
// part of an entry.
func Parse(text string) (Secrets, error) {
	s := Secrets{of: map[string]string{}}
	n := 0
	for entry := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		n++
		name, secret, found := strings.Cut(entry, "=")
		switch _, twice := s.of[name]; {
		case !found || !identity.ValidName(name):
			return Secrets{}, fmt.Errorf("entry %d is not name=secret with the name of a caller", n)
		case twice:
			return Secrets{}, fmt.Errorf("entry %d has the name of an earlier one", n)
		case len(secret) < minLength || len(secret) > maxLength || !visible.MatchString(secret):
			return Secrets{}, fmt.Errorf("the secret of entry %d is not %d to %d visible ASCII characters without a comma", n, minLength, maxLength)
		case slices.Contains(slices.Collect(maps.Values(s.of)), secret):
			return Secrets{}, fmt.Errorf("entry %d has the secret of an earlier one", n)
		}
		s.of[name] = secret
	}
	return s, nil
}

// String returns the names.
func (s Secrets) String() string {
	return strings.Join(slices.Sorted(maps.Keys(s.of)), ", ")
}

// GoString returns the names, so that no verb prints a secret.
func (s Secrets) GoString() string { return "secrets of " + s.String() }

// MarshalText returns the names, so that no log has a secret.
func (s Secrets) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Of returns the secret of a caller, and whether there is one.
func (s Secrets) Of(name string) (string, bool) {
	secret, ok := s.of[name]
	return secret, ok
}

// Match reports whether given is the secret of a caller. It takes the same time for
// every given secret of one length.
func (s Secrets) Match(name, given string) bool {
	secret, known := s.of[name]
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && known
}

// Read reads a file of secrets. It refuses one that others than its owner may read.
func Read(path string) (Secrets, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secrets{}, fmt.Errorf("secrets of callers: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Secrets{}, fmt.Errorf("secrets of callers: %s may be read by others: its mode must be 0600", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return Secrets{}, fmt.Errorf("secrets of callers: %w", err)
	}
	s, err := Parse(string(content))
	if err != nil {
		return Secrets{}, fmt.Errorf("secrets of callers: %s: %w", path, err)
	}
	return s, nil
}

// Keep reads a file of secrets, after it has added one for each name without. The
// caller has locked the folder. A repeat changes nothing.
func Keep(path string, names ...string) (Secrets, error) {
	s, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		s, err = Secrets{of: map[string]string{}}, nil
	}
	if err != nil {
		return Secrets{}, err
	}
	before := len(s.of)
	for _, name := range names {
		if _, known := s.of[name]; !known {
			s.of[name] = rand.Text()
		}
	}
	if len(s.of) == before {
		return s, nil
	}
	var content strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.of)) {
		fmt.Fprintf(&content, "%s=%s\n", name, s.of[name])
	}
	if err := folder.Replace(path, []byte(content.String())); err != nil {
		return Secrets{}, fmt.Errorf("secrets of callers: %w", err)
	}
	return s, nil
}
