// Package secret has the secrets of the user service that clients hold: refresh tokens,
// tokens of mails, and API keys. The service stores only their hashes.
//
// Refresh tokens and tokens of mails are derived, by a secret that is not in the database,
// so that the service can answer or send the same one again without storing it: a copy of
// the database is not enough to use a session or to take over an account.
package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Least is the shortest secret of a service, in bytes.
const Least = 24

// size of each part of a secret, in bytes.
const size = 32

// Derived are the keys that a service's secret stands for, one for each purpose.
type Derived struct{ refresh, proof, mail, login, seal []byte }

// Derive returns the keys of a secret. It refuses one shorter than [Least].
func Derive(secret string) (*Derived, error) {
	if len(secret) < Least {
		return nil, fmt.Errorf("a secret has at least %d bytes", Least) //nolint:err113 // for people
	}
	d := &Derived{}
	for purpose, into := range map[string]*[]byte{
		"refresh": &d.refresh, "proof": &d.proof, "mail": &d.mail, "login": &d.login, "seal": &d.seal,
	} {
		k, err := hkdf.Key(sha256.New, []byte(secret), nil, "amends user "+purpose, size)
		if err != nil {
			return nil, fmt.Errorf("derive a key: %w", err)
		}
		*into = k
	}
	return d, nil
}

// Login returns the name under which failed log-ins of an address are counted. It tells
// nothing about the address to those who do not have the secret.
func (d *Derived) Login(address string) string { return hex.EncodeToString(mac(d.login, address)) }

// Seal returns the key that seals signing keys.
func (d *Derived) Seal() []byte { return d.seal }

// MailToken returns the token that a mail carries: the proof that its reader has it.
func (d *Derived) MailToken(mail string) string { return "amv_" + mail + "_" + text(mac(d.mail, mail)) }

// MailOf returns the mail that a token names, "" if it is none.
func MailOf(token string) string { return named("amv_", token) }

// NewKey returns a new API key, amk_<id>_<secret>, and its id.
func NewKey() (key, id string) {
	id = strings.ToLower(rand.Text()[:16])
	return "amk_" + id + "_" + text(random()), id
}

// KeyOf returns the id of an API key, "" if it is none.
func KeyOf(key string) string { return named("amk_", key) }

// Hash returns the form in which a token or a key is stored. Their parts are random or
// derived, so a quick hash suffices.
func Hash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// Same reports whether a token has the hash, in constant time.
func Same(token, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(Hash(token)), []byte(hash)) == 1
}

// named returns the id of prefix<id>_<rest>.
func named(prefix, token string) string {
	rest, ok := strings.CutPrefix(token, prefix)
	id, secret, split := strings.Cut(rest, "_")
	if !ok || !split || id == "" || secret == "" || len(token) > maxToken {
		return ""
	}
	return id
}

// maxToken is the longest token, in bytes.
const maxToken = 256

var errToken = errors.New("not a token")

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func random() []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	return b
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
