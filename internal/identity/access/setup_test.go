package access_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/identity/issuer"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/transcript"
	"github.com/amends/amends/saga/participant/participantpb"
)

const env = "test"

// spans are those that the servers and clients of all tests make.
var spans = tracetest.NewSpanRecorder()

func TestMain(m *testing.M) {
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	os.Exit(m.Run())
}

// readJournal is the path of a call with a stream; its answer is the caller.
const readJournal = "/amends.inventory.v1.Inventory/ReadJournal"

// logs collects what processes log.
type logs struct{ transcript.Text }

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// authority is the folder of an authority.
type authority struct{ dir string }

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{t.TempDir()}
	a.with(t, t.TempDir(), 0, func(i *issuer.Issuer) { require.NoError(t, i.Init()) })
	return a
}

// with runs f with the authority's issuer, whose clock is ahead of this
// host's.
func (a authority) with(t *testing.T, out string, ahead time.Duration, f func(*issuer.Issuer)) {
	t.Helper()
	i, err := issuer.Open(issuer.Config{
		Dir: a.dir, Out: out, Env: env, Life: time.Hour, RootLife: 10 * time.Hour,
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	require.NoError(t, err)
	f(i)
	require.NoError(t, i.Close())
}

// issue writes certificates of names, and returns their folder.
func (a authority) issue(t *testing.T, ahead time.Duration, names ...string) string {
	t.Helper()
	out := t.TempDir()
	a.with(t, out, ahead, func(i *issuer.Issuer) { require.NoError(t, i.Issue(names...)) })
	return out
}

// pair issues one certificate, and returns it.
func (a authority) pair(t *testing.T, ahead time.Duration, name string) *tls.Certificate {
	t.Helper()
	file := filepath.Join(a.issue(t, ahead, name), name+".pem")
	pair, err := tls.LoadX509KeyPair(file, file)
	require.NoError(t, err)
	return &pair
}

// foreign returns a certificate of another environment by this authority, which an issuer
// refuses to make.
func (a authority) foreign(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	file := filepath.Join(a.dir, "authority.pem")
	root, err := tls.LoadX509KeyPair(file, file)
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, URIs: []*url.URL{identity.ID{Env: "staging", Name: name}.URI()},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, root.Leaf, key.Public(), root.PrivateKey)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{leaf}, PrivateKey: key}
}

// filesOf opens the certificates of names as a process whose clock is ahead reads them.
func filesOf(t *testing.T, out string, ahead time.Duration, log *slog.Logger, names ...string) *files.Files {
	t.Helper()
	f, err := files.Open(files.Config{
		Env: env, Names: names, Every: 20 * time.Millisecond, Logger: log,
		Cert: filepath.Join(out, "{service}.pem"), Key: filepath.Join(out, "{service}.pem"), Bundle: filepath.Join(out, "bundle.pem"),
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	require.NoError(t, err)
	return f
}

// open returns the access of a process.
func open(t *testing.T, c access.Config, log *slog.Logger) *access.Access {
	t.Helper()
	c.Metrics, c.Logger = noop.NewMeterProvider(), log
	a, err := access.New(c)
	require.NoError(t, err)
	return a
}

// participant answers every step with its caller.
type participant struct {
	participantpb.UnimplementedParticipantServer
}

func (participant) Do(ctx context.Context, _ *participantpb.DoRequest) (*participantpb.DoResponse, error) {
	return &participantpb.DoResponse{Output: []byte(identity.Caller(ctx))}, nil
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// serve answers steps until the test ends, and returns the address.
func serve(t *testing.T, a *access.Access, log *slog.Logger) string {
	t.Helper()
	return serveOn(t, listen(t), a, log)
}

func serveOn(t *testing.T, l net.Listener, a *access.Access, log *slog.Logger) string {
	t.Helper()
	s := rpc.NewServer(rpc.ServerOptions{Logger: log, Plugins: a.Server()})
	participantpb.RegisterParticipantServer(s, participant{})
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "amends.inventory.v1.Inventory", Streams: []grpc.StreamDesc{{
		StreamName: "ReadJournal", ServerStreams: true,
		Handler: func(_ any, s grpc.ServerStream) error {
			return s.SendMsg(wrapperspb.String(identity.Caller(s.Context())))
		},
	}}}, nil)
	s.Healthy()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, time.Second) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return l.Addr().String()
}

// dial connects to steps as a process does.
func dial(t *testing.T, address string, plugins ...grpc.DialOption) participantpb.ParticipantClient {
	t.Helper()
	conn, err := rpc.Dial(rpc.DialOptions{Target: address, Plugins: plugins})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return participantpb.NewParticipantClient(conn)
}

// as returns the options of calls by self.
func as(t *testing.T, a *access.Access, self, service string) []grpc.DialOption {
	t.Helper()
	plugins, err := a.Client(self, service)
	require.NoError(t, err)
	return plugins
}

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = time.Minute

// do takes a step, and returns the caller that the server saw.
func do(t *testing.T, client participantpb.ParticipantClient, step string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := client.Do(ctx, &participantpb.DoRequest{Saga: "order/1", Step: step})
	return string(out.GetOutput()), err //nolint:wrapcheck // the fault is what is tested
}

func parse(t *testing.T, text string) secrets.Secrets {
	t.Helper()
	s, err := secrets.Parse(text)
	require.NoError(t, err)
	return s
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
