package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/bus"
)

// selfSigned writes a certificate for 127.0.0.1, its own authority, and its key.
func selfSigned(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &pair.PublicKey, pair)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(pair)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

func TestBroker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := selfSigned(t, dir, "broker")
	client, clientKey := selfSigned(t, dir, "order")
	users := filepath.Join(dir, "users")
	require.NoError(t, os.WriteFile(users, []byte("order correct-horse-battery\n"), 0o600))
	args := []string{"broker", "--data-dir", dir, "--broker-listen", "127.0.0.1:0"}
	p := start(t, nil, append(args, "--broker-users", users, "--broker-tls-cert", cert, "--broker-tls-key", key, "--broker-tls-ca", client)...)
	url := says(t, p, p.out, `The broker is ready: (tls://127\.0\.0\.1:\d+)\n`)[1]

	_, err := once(t, nil, args...)
	require.ErrorContains(t, err, "is in use by another amends")

	open := func(o bus.Options) event.Bus {
		b, err := bus.Open(url, o)
		require.NoError(t, err)
		t.Cleanup(b.Close)
		return b
	}
	fact := []event.Message{{ID: "1", Topic: "evt.order.placed", Key: "k", Data: []byte("{}")}}
	right := bus.Options{User: "order", Password: "correct-horse-battery", TLSCA: cert, TLSCert: client, TLSKey: clientKey}
	ok := open(right)
	require.Eventually(t, func() bool {
		_, err := ok.Publish(t.Context(), fact)
		return err == nil
	}, patience, 20*time.Millisecond)

	for name, change := range map[string]func(*bus.Options){
		"another password":      func(o *bus.Options) { o.Password = "correct-horse-cavalry" },
		"no certificate":        func(o *bus.Options) { o.TLSCert, o.TLSKey = "", "" },
		"another authority":     func(o *bus.Options) { o.TLSCA = client },
		"a foreign certificate": func(o *bus.Options) { o.TLSCert, o.TLSKey = cert, key },
	} {
		wrong := right
		change(&wrong)
		_, err := open(wrong).Publish(t.Context(), fact)
		require.Error(t, err, name)
	}
	require.NoError(t, p.end(t))
}

func TestBrokerRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := once(t, nil, "broker", "--data-dir", dir, "--broker-listen", ":0")
	require.ErrorContains(t, err, "needs users or client certificates")
	_, err = once(t, nil, "broker", "--data-dir", dir, "--broker-tls-ca", "x")
	require.ErrorContains(t, err, "broker.tls_ca: must be set together with broker.tls_cert")
	_, err = once(t, []string{"AMENDS_BROKER_URL=redis://x"}, "broker", "--data-dir", dir)
	require.ErrorContains(t, err, "broker.url: must be one of")
}
