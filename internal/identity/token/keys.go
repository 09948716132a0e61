package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// PublicKey verifies the tokens of a private one.
type PublicKey struct {
	ID  string
	Key ed25519.PublicKey
}

// Keys are those that verify tokens now.
type Keys []PublicKey

// JWKS returns the keys as RFC 7517 has them.
func (k Keys) JWKS() []byte {
	type key struct {
		Type      string `json:"kty"`
		Curve     string `json:"crv"`
		X         string `json:"x"`
		ID        string `json:"kid"`
		Use       string `json:"use"`
		Algorithm string `json:"alg"`
	}
	set := struct {
		Keys []key `json:"keys"`
	}{Keys: []key{}}
	for _, p := range k {
		set.Keys = append(set.Keys, key{
			Type: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(p.Key), ID: p.ID, Use: "sig", Algorithm: "EdDSA",
		})
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(fmt.Sprintf("token: %v", err)) // strings only: it cannot fail
	}
	return text
}

// of returns the key of an id, nil if there is none.
func (k Keys) of(id string) ed25519.PublicKey {
	for _, p := range k {
		if p.ID == id {
			return p.Key
		}
	}
	return nil
}
