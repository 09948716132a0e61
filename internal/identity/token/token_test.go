package token

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

var at = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newKey(t *testing.T, id string) (PrivateKey, PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return PrivateKey{ID: id, Key: private}, PublicKey{ID: id, Key: public}
}

// forge returns a token with any header and claims, signed by sign.
func forge(t *testing.T, header, claims map[string]any, sign func(text string) []byte) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

func TestParse(t *testing.T) {
	t.Parallel()
	private, public := newKey(t, "k1")
	read := func(signed string, now time.Time) (Identity, error) {
		return parse(signed, now, func(id string) (ed25519.PublicKey, error) {
			require.Equal(t, "k1", id)
			return public.Key, nil
		})
	}
	identity := Identity{Account: "a", Session: "s", Scopes: []string{"orders:read", "account"}, Expires: at.Add(Lifetime)}
	signed, err := Sign(private, identity, at)
	require.NoError(t, err)

	t.Run("ReturnsTheCaller", func(t *testing.T) {
		t.Parallel()
		got, err := read(signed, at.Add(Lifetime+Leeway-time.Second))
		require.NoError(t, err)
		require.True(t, got.Expires.Equal(identity.Expires))
		got.Expires = identity.Expires
		require.Equal(t, identity, got)
		require.True(t, got.Has("account"))
		require.False(t, got.Has("operator"))
		another, err := Sign(private, identity, at)
		require.NoError(t, err)
		require.NotEqual(t, signed, another)
	})

	header := func() map[string]any { return map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"} }
	claims := func() map[string]any {
		return map[string]any{
			"iss": Issuer, "aud": Audience, "sub": "a", "sid": "s", "scope": "x", "jti": "j", "iat": at.Unix(), "exp": at.Add(Lifetime).Unix(),
		}
	}
	ed := func(text string) []byte { return ed25519.Sign(private.Key, []byte(text)) }
	_, err = read(forge(t, header(), claims(), ed), at)
	require.NoError(t, err, "the forger makes good tokens from good claims")
	for name, wrong := range map[string]func(h, c map[string]any){
		"AnotherType":       func(h, _ map[string]any) { h["typ"] = "JWT" },
		"NoType":            func(h, _ map[string]any) { delete(h, "typ") },
		"AnotherIssuer":     func(_, c map[string]any) { c["iss"] = "eve" },
		"NoIssuer":          func(_, c map[string]any) { delete(c, "iss") },
		"AnotherAudience":   func(_, c map[string]any) { c["aud"] = "console" },
		"NoAudience":        func(_, c map[string]any) { delete(c, "aud") },
		"Expired":           func(_, c map[string]any) { c["exp"] = at.Add(-Leeway).Unix() },
		"NoEnd":             func(_, c map[string]any) { delete(c, "exp") },
		"FromTheFuture":     func(_, c map[string]any) { c["iat"] = at.Add(Leeway + time.Second).Unix() },
		"NoAccount":         func(_, c map[string]any) { delete(c, "sub") },
		"NoSession":         func(_, c map[string]any) { c["sid"] = "" },
		"NoID":              func(_, c map[string]any) { delete(c, "jti") },
		"NoAlgorithm":       func(h, _ map[string]any) { h["alg"] = "none" },
		"AnotherAlgorithm":  func(h, _ map[string]any) { h["alg"] = "HS256" },
		"UnknownCritical":   func(h, _ map[string]any) { h["alg"] = "ES256" },
		"ScopeIsNotAString": func(_, c map[string]any) { c["scope"] = []string{"operator"} },
	} {
		t.Run("Refuses"+name, func(t *testing.T) {
			t.Parallel()
			h, c := header(), claims()
			wrong(h, c)
			_, err := read(forge(t, h, c, ed), at)
			requireRefused(t, err)
		})
	}

	t.Run("RefusesThePublicKeyAsASecret", func(t *testing.T) {
		t.Parallel()
		h := header()
		h["alg"] = "HS256"
		_, err := read(forge(t, h, claims(), func(text string) []byte {
			m := hmac.New(sha256.New, public.Key)
			m.Write([]byte(text))
			return m.Sum(nil)
		}), at)
		requireRefused(t, err)
	})
	t.Run("RefusesAnotherSignature", func(t *testing.T) {
		t.Parallel()
		eve, _ := newKey(t, "k1")
		stolen, err := Sign(eve, identity, at)
		require.NoError(t, err)
		parts := strings.Split(signed, ".")
		for _, forged := range []string{stolen, "", ".", "..", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1], signed + "A", signed + "."} {
			_, err := read(forged, at)
			requireRefused(t, err)
		}
	})
}

func requireRefused(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, Unauthenticated, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Business, fault.KindOf(err))
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	key := PublicKey{ID: "k", Key: ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))}
	require.JSONEq(t, `{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "`+strings.Repeat("A", 43)+`", "kid": "k", "use": "sig", "alg": "EdDSA"}]}`,
		string(Keys{key}.JWKS()))
	require.JSONEq(t, `{"keys": []}`, string(Keys{}.JWKS()))
}
