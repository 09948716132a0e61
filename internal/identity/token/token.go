package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/amends/amends/fault"
)

// Unauthenticated refuses a token or a key that is no proof: malformed, expired, ended,
// or signed by another.
const Unauthenticated fault.Code = "UNAUTHENTICATED"

const (
	// Issuer is that of every token.
	Issuer = "amends"
	// Audience is that of every token.
	Audience = "amends-api"
	// Lifetime is how long a token is valid.
	Lifetime = 10 * time.Minute
	// Leeway is the difference of two hosts' clocks that a token survives.
	Leeway = 30 * time.Second

	tokenType = "at+jwt"
	keyPrefix = "amk_"
)

// Identity is the proven caller of a request.
type Identity struct {
	// Account is the id of the account.
	Account string
	// Session is that of a token, Key that of an API key; one of them is empty.
	Session, Key string
	// Scopes are those that the account has given.
	Scopes []string
	// Expires is when the proof ends; zero: a key without an end.
	Expires time.Time
}

// Has reports whether the caller has the scope.
func (i Identity) Has(scope string) bool { return slices.Contains(i.Scopes, scope) }

// id is the name of the caller in the list of revocations.
func (i Identity) id() string {
	if i.Key != "" {
		return i.Key
	}
	return i.Session
}

// IsKey reports whether a credential has the form of an API key, amk_<id>_<secret>.
func IsKey(credential string) bool { return strings.HasPrefix(credential, keyPrefix) }

// IsToken reports whether a credential has the form of an access token. It proves nothing.
func IsToken(credential string) bool {
	t, _, err := new(jwt.Parser).ParseUnverified(credential, &claims{})
	return err == nil && t.Header["typ"] == tokenType
}

// PrivateKey signs tokens.
type PrivateKey struct {
	ID  string
	Key ed25519.PrivateKey
}

// claims are the content of a token.
type claims struct {
	jwt.RegisteredClaims

	Session string `json:"sid"`
	Scope   string `json:"scope"` // separated by spaces
}

// Sign returns a token for i, valid for [Lifetime] from now on. Every call makes another
// one.
func Sign(k PrivateKey, i Identity, now time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: Issuer, Subject: i.Account, Audience: jwt.ClaimStrings{Audience}, ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(Lifetime)),
		},
		Session: i.Session, Scope: strings.Join(i.Scopes, " "),
	})
	t.Header["typ"], t.Header["kid"] = tokenType, k.ID
	signed, err := t.SignedString(k.Key)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed, nil
}

// parse returns the caller that a token names. keyOf returns the key of an id; a fault of
// it is the error.
func parse(signed string, now time.Time, keyOf func(id string) (ed25519.PublicKey, error)) (Identity, error) {
	var c claims
	t, err := jwt.ParseWithClaims(signed, &c, func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != tokenType {
			return nil, fmt.Errorf("the type is %v", t.Header["typ"])
		}
		id, _ := t.Header["kid"].(string)
		return keyOf(id)
	},
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(Issuer), jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(Leeway), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return Identity{}, own // the keys cannot be had
	}
	if err != nil || !t.Valid || c.Subject == "" || c.Session == "" || c.ID == "" {
		return Identity{}, refused(err)
	}
	return Identity{Account: c.Subject, Session: c.Session, Scopes: strings.Fields(c.Scope), Expires: c.ExpiresAt.Time}, nil
}

// refused hides the reason from the caller: it would help those who forge.
func refused(cause error) error {
	return fault.Wrap(cause, fault.Business, Unauthenticated, "the token is not valid, or not any more")
}
