package files_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/identity/issuer"
)

// testBundle is a process with certificates, whose clock the test sets.
type testBundle struct {
	config files.Config
	issuer *issuer.Issuer
	out    string
	log    *bytes.Buffer
	start  time.Time
	ahead  atomic.Int64 // a [time.Duration]
}

func (b *testBundle) now() time.Time { return b.start.Add(time.Duration(b.ahead.Load())) }

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{out: t.TempDir(), log: &bytes.Buffer{}, start: time.Now().Truncate(time.Second)}
	var err error
	b.issuer, err = issuer.Open(issuer.Config{Dir: t.TempDir(), Out: b.out, Env: "test", Life: 10 * time.Hour, RootLife: 1000 * time.Hour, Now: b.now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.issuer.Close()) })
	require.NoError(t, b.issuer.Init())
	require.NoError(t, b.issuer.Issue("order", "payment"))
	pattern := filepath.Join(b.out, "{service}.pem")
	b.config = files.Config{
		Env: "test", Names: []string{"order"}, Cert: pattern, Key: pattern, Bundle: filepath.Join(b.out, "bundle.pem"),
		Every: time.Millisecond, Now: b.now, Logger: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	return b
}

func (b *testBundle) open(t *testing.T) *files.Files {
	t.Helper()
	f, err := files.Open(b.config)
	require.NoError(t, err)
	return f
}

// serial returns the number of the certificate in use.
func serial(t *testing.T, f *files.Files) string {
	t.Helper()
	pair, err := f.Certificate("order")
	require.NoError(t, err)
	return pair.Leaf.SerialNumber.String()
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	t.Parallel()

	t.Run("ByThemselves", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		f := b.open(t)
		before := serial(t, f)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		require.NoError(t, b.issuer.Issue("order"))
		require.Eventually(t, func() bool { return serial(t, f) != before }, time.Minute, time.Millisecond)
		stop()
		require.NoError(t, <-ended)
	})

	t.Run("WhenASymbolicLinkIsSwapped", func(t *testing.T) { // as Kubernetes mounts a secret
		t.Parallel()
		b := setup(t)
		dir := t.TempDir()
		version := func(name string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
			for _, file := range []string{"order.pem", "bundle.pem"} {
				content, err := os.ReadFile(filepath.Join(b.out, file))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, name, file), content, 0o600))
			}
			require.NoError(t, os.Symlink(name, filepath.Join(dir, "..new")))
			require.NoError(t, os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")))
		}
		version("1")
		b.config.Cert = filepath.Join(dir, "..data", "order.pem")
		b.config.Key, b.config.Bundle = b.config.Cert, filepath.Join(dir, "..data", "bundle.pem")
		f := b.open(t)
		before := serial(t, f)
		require.NoError(t, b.issuer.Issue("order"))
		version("2")
		require.NoError(t, f.Look())
		require.NotEqual(t, before, serial(t, f))
	})
}

func TestABadFileKeepsTheOldOneAndSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  string
		spoil func(t *testing.T, b *testBundle, content []byte) []byte
		want  string
	}{
		"HalfACertificate": {"order.pem", func(_ *testing.T, _ *testBundle, content []byte) []byte { return content[:len(content)/3] }, "read certificate and key"},
		"NoKey": {"order.pem", func(_ *testing.T, _ *testBundle, content []byte) []byte {
			return content[:bytes.Index(content, []byte("-----BEGIN PRIVATE"))]
		}, "read certificate and key"},
		"KeyOfAnother": {"order.pem", func(t *testing.T, b *testBundle, content []byte) []byte {
			t.Helper()
			other, err := os.ReadFile(filepath.Join(b.out, "payment.pem"))
			require.NoError(t, err)
			at := []byte("-----BEGIN PRIVATE")
			return append(content[:bytes.Index(content, at):bytes.Index(content, at)], other[bytes.Index(other, at):]...)
		}, "private key does not match"},
		"OfAnotherService": {"order.pem", func(t *testing.T, b *testBundle, _ []byte) []byte {
			t.Helper()
			other, err := os.ReadFile(filepath.Join(b.out, "payment.pem"))
			require.NoError(t, err)
			return other
		}, "it is for spiffe://amends/test/payment instead of spiffe://amends/test/order"},
		"Empty":       {"order.pem", func(*testing.T, *testBundle, []byte) []byte { return nil }, "read certificate and key"},
		"EmptyBundle": {"bundle.pem", func(*testing.T, *testBundle, []byte) []byte { return nil }, "it has no certificate"},
		"HalfASecondAuthority": {"bundle.pem", func(_ *testing.T, _ *testBundle, content []byte) []byte {
			return append(bytes.Clone(content), content[:len(content)/2]...)
		}, "ends with text that is no PEM block"},
		"KeyInTheBundle": {"bundle.pem", func(t *testing.T, b *testBundle, _ []byte) []byte {
			t.Helper()
			other, err := os.ReadFile(filepath.Join(b.out, "payment.pem"))
			require.NoError(t, err)
			return other
		}, `a block of type "PRIVATE KEY"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f := b.open(t)
			before, roots := serial(t, f), f.Roots()
			path := filepath.Join(b.out, c.file)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, c.spoil(t, b, content), 0o600))

			for range 3 {
				require.ErrorContains(t, f.Look(), c.want)
			}
			require.Equal(t, before, serial(t, f))
			require.True(t, f.Roots().Equal(roots))
			require.Equal(t, 1, strings.Count(b.log.String(), "a certificate file is not used"), "one problem is logged once")
			require.Len(t, f.Warnings(), 1)
			require.NoError(t, f.Ready(), "the old one is good")
			require.NotContains(t, b.log.String(), "PRIVATE KEY-")

			require.NoError(t, b.issuer.Issue("order"))
			require.NoError(t, f.Look())
			require.NotEqual(t, before, serial(t, f))
			require.Empty(t, f.Warnings())
		})
	}
}

func TestACertificateByAnUnknownAuthorityWaitsForTheBundle(t *testing.T) {
	t.Parallel()
	b, foreign := setup(t), setup(t)
	f := b.open(t)
	before := serial(t, f)
	copyFile := func(name string) {
		content, err := os.ReadFile(filepath.Join(foreign.out, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(b.out, name), content, 0o600))
	}
	copyFile("order.pem")
	require.ErrorContains(t, f.Look(), "not by an authority of the bundle")
	require.Equal(t, before, serial(t, f))
	copyFile("bundle.pem")
	require.NoError(t, f.Look())
	require.NotEqual(t, before, serial(t, f))
}

func TestAProcessDoesNotStartWithBadFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ahead.Store(int64(11 * time.Hour))
	_, err := files.Open(b.config)
	require.ErrorContains(t, err, "order.pem: the certificate has expired at ")
	b.ahead.Store(0)
	b.config.Bundle += "x"
	_, err = files.Open(b.config)
	require.ErrorContains(t, err, "bundle.pemx: no such file")
}

func TestExpiryDegradesReadinessBeforeItEndsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.open(t)
	require.NoError(t, f.Ready())
	require.Empty(t, f.Warnings())

	b.ahead.Store(int64(9*time.Hour + 30*time.Minute))
	require.NoError(t, f.Ready())
	require.Len(t, f.Warnings(), 1)
	require.Contains(t, f.Warnings()[0], "the certificate of order ends in 30m0s")

	b.ahead.Store(int64(11 * time.Hour))
	require.Equal(t, fault.Unavailable, fault.CodeOf(f.Ready()))
	require.ErrorContains(t, f.Ready(), "the certificate of order is valid from")

	require.NoError(t, b.issuer.Issue("order"))
	require.NoError(t, f.Look())
	require.NoError(t, f.Ready())
	require.Empty(t, f.Warnings())
}

func TestExpiryIsAMetric(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.open(t)
	reader := sdkmetric.NewManualReader()
	require.NoError(t, f.Measure(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	require.NoError(t, os.WriteFile(filepath.Join(b.out, "order.pem"), nil, 0o600))
	require.Error(t, f.Look())

	var got metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &got))
	values := map[string]any{}
	for _, m := range got.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[float64]:
			values[m.Name] = data.DataPoints[0].Value
		case metricdata.Sum[int64]:
			values[m.Name] = data.DataPoints[0].Value
		}
	}
	pair, err := f.Certificate("order")
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"amends_certificate_end_seconds":           float64(pair.Leaf.NotAfter.Unix()),
		"amends_certificate_reload_failures_total": int64(1),
	}, values)
}
