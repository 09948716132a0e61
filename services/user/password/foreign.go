package password

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// foreignPrefix begins the hash of a password that another program has hashed.
const foreignPrefix = "$sha256$"

// Wrap returns the hash by which a password is known whose only trace is that of another
// program, the hexadecimal SHA-256 of salt and password. It is a hash of that trace with the
// policy, so the database never has the weak one, and a comparison takes no longer than any
// other. [Hasher.Compare] reports it as old: once the password is seen, its own hash replaces
// this one. It fails with OVERLOADED.
func (h *Hasher) Wrap(ctx context.Context, salt, digest string) (hash string, err error) {
	err = h.run(ctx, func() (err error) {
		hash, err = h.hash(strings.ToLower(digest))
		return err
	})
	return foreignPrefix + base64.RawStdEncoding.EncodeToString([]byte(salt)) + hash, err
}

// unwrap returns the hash inside the one of [Hasher.Wrap], and the text that it is of.
func unwrap(hash, password string) (inner, text string, foreign bool) {
	rest, foreign := strings.CutPrefix(hash, foreignPrefix)
	if !foreign {
		return hash, password, false
	}
	encoded, inner, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return hash, password, false // which cannot be read, and is reported so
	}
	sum := sha256.Sum256(append(salt, password...))
	return "$" + inner, hex.EncodeToString(sum[:]), true
}
