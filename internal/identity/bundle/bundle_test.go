package bundle_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity/bundle"
)

// authority returns a certificate, and its block.
func authority(t *testing.T) (*x509.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestRead(t *testing.T) {
	t.Parallel()
	a, first := authority(t)
	b, second := authority(t)

	want := x509.NewCertPool()
	want.AddCert(a)
	want.AddCert(b)
	got, err := bundle.Read(join([]byte("# ours\n"), first, []byte("\n# theirs\n"), second, []byte(" \r\n\t")))
	require.NoError(t, err)
	require.True(t, got.Equal(want))

	noBase64 := bytes.Replace(first, []byte("MII"), []byte("M-I"), 1)
	noDER := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("certificate")})
	for name, c := range map[string]struct {
		content []byte
		problem string
	}{
		"Empty":         {nil, "it has no certificate"},
		"BrokenFirst":   {join(noBase64, second), "1 of its 2 PEM blocks cannot be read"},
		"HalfFirst":     {join(first[:len(first)/2], []byte("\n"), second), "1 of its 2 PEM blocks cannot be read"},
		"BrokenLast":    {join(first, noBase64), "it ends with text"},
		"HalfLast":      {join(first, second[:len(second)/2]), "it ends with text"},
		"NoCertificate": {join(first, noDER, second), "read a certificate"},
		"Key":           {join(first, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("key")})), `type "PRIVATE KEY"`},
		"Garbage":       {join(first, []byte("# nothing follows")), "it ends with text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := bundle.Read(c.content)
			require.ErrorContains(t, err, c.problem)
			require.Nil(t, pool)
		})
	}
}
