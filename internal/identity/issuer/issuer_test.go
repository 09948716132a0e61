package issuer_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity/issuer"
)

type testBundle struct {
	*issuer.Issuer

	config issuer.Config
	ahead  atomic.Int64 // a [time.Duration]
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{}
	b.config = issuer.Config{
		Dir: filepath.Join(t.TempDir(), "authority"), Out: filepath.Join(t.TempDir(), "certificates"), Env: "test",
		Life: 24 * time.Hour, RootLife: 1000 * time.Hour, Settle: time.Minute,
		Now: func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) },
	}
	var err error
	b.Issuer, err = issuer.Open(b.config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func (b *testBundle) pass(d time.Duration) { b.ahead.Add(int64(d)) }

// leaf returns the certificate of a name.
func (b *testBundle) leaf(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	path := filepath.Join(b.config.Out, name+".pem")
	pair, err := tls.LoadX509KeyPair(path, path)
	require.NoError(t, err)
	return pair.Leaf
}

// bundle returns the trusted authorities, in the order of the file.
func (b *testBundle) bundle(t *testing.T) (roots []*x509.Certificate) {
	t.Helper()
	rest, err := os.ReadFile(filepath.Join(b.config.Out, "bundle.pem"))
	require.NoError(t, err)
	for len(rest) > 0 {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		require.NotNil(t, block)
		root, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		roots = append(roots, root)
	}
	return roots
}

func TestALeafIsShortLivedBackdatedAndPrivate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Init())
	require.NoError(t, b.Issue("order", "payment"))
	leaf := b.leaf(t, "payment")
	require.Equal(t, "spiffe://amends/test/payment", leaf.URIs[0].String())
	require.WithinDuration(t, time.Now().Add(-15*time.Minute), leaf.NotBefore, time.Minute)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), leaf.NotAfter, time.Minute)
	require.Equal(t, x509.ECDSA, leaf.PublicKeyAlgorithm)
	require.False(t, leaf.IsCA)
	require.NoError(t, leaf.CheckSignatureFrom(b.bundle(t)[0]))

	for _, dir := range []string{b.config.Dir, b.config.Out} {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.NotEmpty(t, entries)
		for _, e := range entries {
			info, err := e.Info()
			require.NoError(t, err)
			require.Zero(t, info.Mode().Perm()&0o077, "%s is readable by others", e.Name())
		}
	}
}

func TestTheAuthorityIsReplacedWithoutAGapInTrust(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Init())
	require.NoError(t, b.Issue("order"))
	old := b.bundle(t)
	require.Len(t, old, 1)

	stage, err := b.Rotate()
	require.NoError(t, err)
	require.Equal(t, issuer.Announced, stage)
	require.Len(t, b.bundle(t), 2)
	require.NoError(t, b.Issue("order"))
	require.NoError(t, b.leaf(t, "order").CheckSignatureFrom(old[0]), "not every process may know the next authority yet")

	_, err = b.Rotate()
	require.ErrorContains(t, err, "replace the old one from")
	b.pass(2 * time.Minute)
	stage, err = b.Rotate()
	require.NoError(t, err)
	require.Equal(t, issuer.Replaced, stage)
	require.NoError(t, b.Issue("order"))
	both := b.bundle(t)
	require.Len(t, both, 2, "certificates by the old authority are in use")
	require.NoError(t, b.leaf(t, "order").CheckSignatureFrom(both[0]))
	require.NotEqual(t, old[0].Raw, both[0].Raw)
	require.Equal(t, old[0].Raw, both[1].Raw)

	b.pass(24 * time.Hour)
	require.NoError(t, b.Issue("order"))
	require.Len(t, b.bundle(t), 2, "a process whose clock is behind may still show one")
	b.pass(time.Hour)
	require.NoError(t, b.Issue("order"))
	require.Equal(t, [][]byte{both[0].Raw}, [][]byte{b.bundle(t)[0].Raw})
	require.Len(t, b.bundle(t), 1)
}

func TestOldKeysAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Init())
	_, err := b.Rotate()
	require.NoError(t, err)
	b.pass(2 * time.Minute)
	_, err = b.Rotate()
	require.NoError(t, err)
	retired, err := filepath.Glob(filepath.Join(b.config.Dir, "retired-*.pem"))
	require.NoError(t, err)
	require.Len(t, retired, 1)
	content, err := os.ReadFile(retired[0])
	require.NoError(t, err)
	require.NotContains(t, string(content), "PRIVATE")
}

func TestAnAuthorityIsUsedWithCare(t *testing.T) {
	t.Parallel()

	t.Run("IsNotMadeTwice", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.Init())
		require.ErrorContains(t, b.Init(), "has an authority already")
	})

	t.Run("MustExist", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.ErrorContains(t, b.Issue("order"), "has no authority; init makes it")
		_, err := b.Rotate()
		require.ErrorContains(t, err, "no authority to replace")
	})

	t.Run("HasOneIssuer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, err := issuer.Open(b.config)
		require.ErrorContains(t, err, "is in use by another amends")
	})

	t.Run("IssuesNothingThatOutlivesIt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.Init())
		b.pass(990 * time.Hour)
		require.ErrorContains(t, b.Issue("order"), "rotate it")
	})

	t.Run("IssuesNoPath", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.Init())
		require.ErrorContains(t, b.Issue("../order"), "cannot be the name of a service")
	})

	t.Run("KnowsEnvironmentsThatFitAURI", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		c := b.config
		c.Dir, c.Env = t.TempDir(), "Test/x"
		_, err := issuer.Open(c)
		require.ErrorContains(t, err, `the environment "Test/x" is not`)
	})
}

// A certificate of another environment would be refused by every process, but only when
// the old one had ended.
func TestAnAuthorityIssuesForItsOwnEnvironmentOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.Init())
	require.NoError(t, b.Issue("order"))
	require.NoError(t, b.Close())
	other := b.config
	other.Env = "staging"
	wrong, err := issuer.Open(other)
	require.NoError(t, err)
	require.ErrorContains(t, wrong.Issue("order"), `is "amends test", not that of the environment "staging"`)
	_, err = wrong.Rotate()
	require.ErrorContains(t, err, "staging")
	require.Equal(t, "spiffe://amends/test/order", b.leaf(t, "order").URIs[0].String())
	require.NoError(t, wrong.Close())
	b.Issuer, err = issuer.Open(b.config) // the cleanup closes it
	require.NoError(t, err)
}
