package web_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity/web"
)

var (
	reloads = flag.Int("reloads", 10, "how often the certificate is replaced under load")
	rate    = flag.Int("rate", 200, "requests in a second meanwhile")
)

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{key, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue returns a certificate for this machine and its key, in PEM.
func (a *authority) issue(t *testing.T, serial int64, end time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: end, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &private.PublicKey, a.key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// testBundle is a server whose certificates are files.
type testBundle struct {
	*web.Certificates

	ca     *authority
	config web.Config
	url    string
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func setup(t *testing.T, change ...func(*web.Config)) *testBundle {
	t.Helper()
	dir := t.TempDir()
	b := &testBundle{ca: newAuthority(t), log: &lockedBuffer{}}
	b.config = web.Config{
		Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), ClientCA: filepath.Join(dir, "ca.pem"),
		Every: time.Millisecond, Now: time.Now, Logger: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	require.NoError(t, os.WriteFile(b.config.ClientCA, b.ca.pem, 0o600))
	b.replace(t, 1, time.Now().Add(time.Hour))
	for _, f := range change {
		f(&b.config)
	}
	var err error
	b.Certificates, err = web.Open(b.config)
	require.NoError(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{TLSConfig: b.TLS(), ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		if len(r.TLS.VerifiedChains) > 0 {
			_, _ = io.WriteString(w, " with a certificate")
		}
	}), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
	b.url = "https://" + l.Addr().String()
	return b
}

// replace writes a certificate as certbot and cert-manager do, one file after the other.
func (b *testBundle) replace(t *testing.T, serial int64, end time.Time) {
	t.Helper()
	cert, key := b.ca.issue(t, serial, end)
	for path, content := range map[string][]byte{b.config.Cert: cert, b.config.Key: key} {
		require.NoError(t, os.WriteFile(path+".new", content, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
}

// client returns one that trusts the authority; http2 is false for one that knows
// HTTP/1.1 only and opens a connection for each request.
func (b *testBundle) client(t *testing.T, http2 bool, certificates ...tls.Certificate) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(b.ca.cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS12}}
	transport.ForceAttemptHTTP2, transport.DisableKeepAlives = http2, !http2
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// ask returns the answer, and the serial number of the server's certificate.
func (b *testBundle) ask(ctx context.Context, c *http.Client) (text string, serial int64, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url, http.NoBody)
	if err != nil {
		return "", 0, err
	}
	answer, err := c.Do(r)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), answer.TLS.PeerCertificates[0].SerialNumber.Int64(), err
}

// TestReloadsFailNoRequest replaces the certificate under load, on connections that stand
// and on new ones.
func TestReloadsFailNoRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = b.Run(ctx) })

	var sent, failed atomic.Int64
	clients := []*http.Client{b.client(t, true), b.client(t, false)}
	tick := time.NewTicker(time.Second / time.Duration(*rate))
	defer tick.Stop()
	running.Go(func() {
		var requests sync.WaitGroup
		defer requests.Wait()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			requests.Go(func() {
				sent.Add(1)
				if _, _, err := b.ask(context.WithoutCancel(ctx), clients[i%2]); err != nil {
					failed.Add(1)
					t.Error(err)
				}
			})
		}
	})
	for n := range int64(*reloads) {
		before := sent.Load()
		b.replace(t, n+2, time.Now().Add(time.Hour))
		require.Eventually(t, func() bool {
			_, serial, err := b.ask(t.Context(), clients[1])
			return err == nil && serial == n+2
		}, time.Minute, time.Millisecond, "new connections get the new certificate")
		require.Eventually(t, func() bool { return sent.Load() > before }, time.Minute, time.Millisecond, "the load goes on")
	}
	stop()
	running.Wait()
	t.Logf("reloads: %d of the certificate, %d requests meanwhile, %d failed", *reloads, sent.Load(), failed.Load())
	require.Zero(t, failed.Load())
}

func TestABadFileChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.client(t, false)
	good, key := b.ca.issue(t, 7, time.Now().Add(time.Hour))
	expired, expiredKey := b.ca.issue(t, 8, time.Now().Add(-time.Hour))
	for name, files := range map[string]struct {
		cert, key []byte
		want      string
	}{
		"half":    {good[:len(good)/2], key, "cert.pem: read certificate and key"},
		"empty":   {nil, key, "cert.pem: read certificate and key"},
		"foreign": {good, expiredKey, "private key does not match"},
		"expired": {expired, expiredKey, "cert.pem: the certificate is valid from"},
	} {
		require.NoError(t, os.WriteFile(b.config.Cert, files.cert, 0o600))
		require.NoError(t, os.WriteFile(b.config.Key, files.key, 0o600))
		require.ErrorContains(t, b.Look(), files.want, name)
		_, serial, err := b.ask(t.Context(), c)
		require.NoError(t, err, name)
		require.EqualValues(t, 1, serial, name)
		require.Contains(t, b.log.String(), "the old one stays in use")
		require.Contains(t, b.log.String(), files.want, "the log names the file and the reason")

		_, err = web.Open(b.config)
		require.ErrorContains(t, err, files.want, "no process starts with it")
	}
	b.replace(t, 9, time.Now().Add(time.Hour))
	require.NoError(t, b.Look())
	_, serial, err := b.ask(t.Context(), c)
	require.NoError(t, err)
	require.EqualValues(t, 9, serial)
	require.NotContains(t, b.log.String(), "PRIVATE KEY-")
}

func TestClientsSpeakHTTP2AndMayShowCertificates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pair := func(a *authority) tls.Certificate {
		cert, key := a.issue(t, 42, time.Now().Add(time.Hour))
		p, err := tls.X509KeyPair(cert, key)
		require.NoError(t, err)
		return p
	}
	text, _, err := b.ask(t.Context(), b.client(t, true))
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", text)
	text, _, err = b.ask(t.Context(), b.client(t, true, pair(b.ca)))
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0 with a certificate", text)

	// A client whose certificates are all by others shows none, so this one insists.
	foreign := pair(newAuthority(t))
	stubborn := b.client(t, true)
	stubborn.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { //nolint:forcetypeassert,errcheck // made above
		return &foreign, nil
	}
	_, _, err = b.ask(t.Context(), stubborn)
	require.Error(t, err)

	b = setup(t, func(c *web.Config) { c.ClientCA = "" })
	text, _, err = b.ask(t.Context(), b.client(t, true, pair(b.ca)))
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", text, "no certificate is asked for")
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	selfSigned, _, err := web.SelfSigned(time.Now())
	require.NoError(t, err)
	require.EqualValues(t, tls.VersionTLS12, selfSigned.MinVersion)
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := b.client(t, false)
		settings := c.Transport.(*http.Transport).TLSClientConfig //nolint:forcetypeassert,errcheck // made above
		settings.MinVersion, settings.MaxVersion = version, version
		_, _, err := b.ask(t.Context(), c)
		require.Equal(t, ok, err == nil, "%s: %v", tls.VersionName(version), err)
	}
}

func TestClientsCanTrustASelfSignedCertificate(t *testing.T) {
	t.Parallel()
	settings, certificate, err := web.SelfSigned(time.Now())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate))
	leaf, err := x509.ParseCertificate(settings.Certificates[0].Certificate[0])
	require.NoError(t, err)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		require.NoError(t, err, name)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "shop.example"})
	require.Error(t, err)
}
