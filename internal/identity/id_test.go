package identity_test

import (
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity"
)

func TestAnIDIsItsURI(t *testing.T) {
	t.Parallel()
	id := identity.ID{Env: "production", Name: "payment"}
	require.Equal(t, "spiffe://amends/production/payment", id.String())
	got, err := identity.Parse(id.String())
	require.NoError(t, err)
	require.Equal(t, id, got)
}

func TestParseRefusesEveryOtherURI(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"", "spiffe://amends", "spiffe://amends/production", "spiffe://amends//payment", "spiffe://amends/production/",
		"spiffe://amends/production/payment/x", "spiffe://amends.example/production/payment", "https://amends/production/payment",
		"spiffe://amends/production/Payment", "spiffe://amends/production/payment?x", "spiffe://amends/production/pay%6dent",
		"spiffe://user@amends/production/payment", "spiffe://amends/../payment",
	} {
		_, err := identity.Parse(uri)
		require.Error(t, err, uri)
	}
}

func TestACertificateHasOneIdentity(t *testing.T) {
	t.Parallel()
	payment, order := identity.ID{Env: "test", Name: "payment"}, identity.ID{Env: "test", Name: "order"}
	got, err := identity.Of(&x509.Certificate{URIs: []*url.URL{payment.URI()}})
	require.NoError(t, err)
	require.Equal(t, payment, got)
	for _, uris := range [][]*url.URL{nil, {payment.URI(), order.URI()}} {
		_, err = identity.Of(&x509.Certificate{URIs: uris})
		require.ErrorContains(t, err, "URIs instead of one")
	}
}

func TestOnlyACallThatWasLetInHasACaller(t *testing.T) {
	t.Parallel()
	require.Empty(t, identity.Caller(t.Context()))
	require.Equal(t, "order", identity.Caller(identity.WithCaller(t.Context(), "order")))
}
