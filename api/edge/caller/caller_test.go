package caller_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/caller"
)

var errNoToken = errors.New("no such token")

// tokens are those of accounts and keys.
type tokens map[string]caller.Identity

func (all tokens) Verify(_ context.Context, token string) (caller.Identity, error) {
	id, ok := all[token]
	if !ok {
		return caller.Identity{}, errNoToken
	}
	return id, nil
}

func (tokens) Watch(ctx context.Context, _ caller.Identity) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func TestNameIsThatOfTheBestProof(t *testing.T) {
	t.Parallel()
	known := tokens{"a": {Account: "cus_42"}, "k": {Account: "cus_42", Key: "amk_1"}}
	signed := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Issuer: pkix.Name{CommonName: "CA"}, SerialNumber: big.NewInt(7)}}}}
	unsigned := &tls.ConnectionState{PeerCertificates: signed.VerifiedChains[0]}

	for _, c := range []struct {
		verifier caller.Verifier
		auth     string
		state    *tls.ConnectionState
		address  string
		want     string
		err      error
	}{
		{known, "Bearer a", signed, "10.0.0.7:1", "account cus_42", nil},
		{known, "bearer k", nil, "10.0.0.7:1", "key amk_1", nil},
		{known, "Bearer x", nil, "10.0.0.7:1", "", errNoToken},
		{known, "Basic a", nil, "10.0.0.7:1", "address 10.0.0.7", nil},
		{known, "", signed, "10.0.0.7:1", "certificate CN=CA 7", nil},
		{known, "", unsigned, "10.0.0.7:1", "address 10.0.0.7", nil},
		{known, "", nil, "[::ffff:10.0.0.7]:1", "address 10.0.0.7", nil},
		{known, "", nil, "[2001:db8:1:2:3::4]:1", "address 2001:db8:1:2::/64", nil},
	} {
		e := echo.New()
		e.IPExtractor = echo.ExtractIPDirect()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", c.auth)
		r.TLS, r.RemoteAddr = c.state, c.address
		got := ""
		err := caller.Authenticate(c.verifier, caller.Need{})(func(c echo.Context) error {
			got = caller.Name(c)
			return nil
		})(e.NewContext(r, httptest.NewRecorder()))
		require.ErrorIs(t, err, c.err, "%+v", c)
		require.Equal(t, c.want, got, "%+v", c)
	}
}

func TestConsumerIsAKeyOrAProduct(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"": "", "amends-load/1.2 (x)": "amends-load", "Mozilla/5.0 (X11)": "Mozilla", "<script>": "", "curl": "curl",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("User-Agent", agent)
		c := echo.New().NewContext(r, httptest.NewRecorder())
		require.Equal(t, want, caller.Consumer(c))
		r.Header.Set("Authorization", "Bearer k")
		require.NoError(t, caller.Authenticate(tokens{"k": {Key: "amk_1"}}, caller.Need{})(func(echo.Context) error { return nil })(c))
		require.Equal(t, "key amk_1", caller.Consumer(c))
	}
}
