package access_test

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/saga/participant/participantpb"
)

// liar returns a client that shows a certificate, and trusts every server.
func liar(show ...tls.Certificate) grpc.DialOption {
	return grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: "payment", Certificates: show, InsecureSkipVerify: true,
	}))
}

func TestAServerDecidesByTheCertificateOfTheCaller(t *testing.T) {
	t.Parallel()
	var log logs
	ours, foreign := newAuthority(t), newAuthority(t)
	server := open(t, access.Config{Mode: access.On, Files: filesOf(t, ours.issue(t, 0, "payment"), 0, log.logger(), "payment")}, log.logger())
	address := serve(t, server, log.logger())

	for name, c := range map[string]struct {
		show []tls.Certificate
		step string
		rule string // empty: the caller is let in
	}{
		"RightCaller":        {[]tls.Certificate{*ours.pair(t, 0, "order")}, "payment.capture", ""},
		"ClockBehind":        {[]tls.Certificate{*ours.pair(t, 10*time.Minute, "order")}, "payment.capture", ""}, // by ten minutes: the server's
		"WithoutIdentity":    {nil, "payment.capture", "identity.caller: the client has no certificate"},
		"AnotherService":     {[]tls.Certificate{*ours.pair(t, 0, "shipping")}, "payment.capture", "shipping may not call payment.capture: the rule is payment.capture <- order"},
		"AnotherStep":        {[]tls.Certificate{*ours.pair(t, 0, "order")}, "payment.steal", "order may not call payment.steal: the rule is default deny"},
		"NoStep":             {[]tls.Certificate{*ours.pair(t, 0, "order")}, "", "order may not call a step without a name: the rule is default deny"},
		"AnotherEnvironment": {[]tls.Certificate{*ours.foreign(t, "order")}, "payment.capture", "identity.environment: spiffe://amends/staging/order is not of the environment test"},
		"Expired":            {[]tls.Certificate{*ours.pair(t, -2*time.Hour, "order")}, "payment.capture", "identity.certificate: the certificate has expired at "},
		"NotYetValid":        {[]tls.Certificate{*ours.pair(t, time.Hour, "order")}, "payment.capture", "identity.certificate: the certificate is not valid before "},
		"AnotherAuthority":   {[]tls.Certificate{*foreign.pair(t, 0, "order")}, "payment.capture", "identity.certificate: the certificate is not by an authority of the bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, err := do(t, dial(t, address, liar(c.show...)), c.step)
			if c.rule == "" {
				require.NoError(t, err)
				require.Equal(t, "order", caller)
				return
			}
			require.Equal(t, fault.Denied, fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Bug, fault.KindOf(err), "no retry can mend it")
			require.ErrorContains(t, err, c.rule)
		})
	}

	t.Run("PlainConnection", func(t *testing.T) {
		t.Parallel()
		_, err := do(t, dial(t, address), "payment.capture")
		require.Error(t, err)
	})

	t.Run("OlderTLS", func(t *testing.T) {
		t.Parallel()
		old := credentials.NewTLS(&tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*ours.pair(t, 0, "order")}, InsecureSkipVerify: true})
		_, err := do(t, dial(t, address, grpc.WithTransportCredentials(old)), "payment.capture")
		require.Error(t, err)
	})
}

func TestAClientGoesOnOnlyWithTheServiceThatItMeant(t *testing.T) {
	t.Parallel()
	var log logs
	ours, foreign := newAuthority(t), newAuthority(t)
	orders := open(t, access.Config{Mode: access.On, Files: filesOf(t, ours.issue(t, 0, "order"), 0, log.logger(), "order")}, log.logger())
	serving := func(t *testing.T, show *tls.Certificate) string {
		t.Helper()
		l := listen(t)
		s := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{*show}, ClientAuth: tls.RequestClientCert})))
		participantpb.RegisterParticipantServer(s, participant{})
		go func() { _ = s.Serve(l) }()
		t.Cleanup(s.Stop)
		return l.Addr().String()
	}

	for name, c := range map[string]struct {
		show *tls.Certificate
		rule string
	}{
		"RightService":       {ours.pair(t, 0, "payment"), ""},
		"AnotherService":     {ours.pair(t, 0, "shipping"), "identity.service: the server is spiffe://amends/test/shipping instead of spiffe://amends/test/payment"},
		"AnotherEnvironment": {ours.foreign(t, "payment"), "identity.service: the server is spiffe://amends/staging/payment"},
		"AnotherAuthority":   {foreign.pair(t, 0, "payment"), "identity.certificate: the certificate is not by an authority"},
		"Expired":            {ours.pair(t, -2*time.Hour, "payment"), "identity.certificate: the certificate has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Without the rules of package rpc, whose message hides the cause.
			conn, err := grpc.NewClient(serving(t, c.show), as(t, orders, "order", "payment")...)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			_, err = do(t, participantpb.NewParticipantClient(conn), "payment.capture")
			if c.rule == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, codes.Unavailable, status.Code(err))
			require.ErrorContains(t, err, c.rule)
		})
	}
}

func TestAProcessOfSeveralServicesShowsTheOneThatIsMeant(t *testing.T) {
	t.Parallel()
	var log logs
	ours := newAuthority(t)
	both := open(t, access.Config{Mode: access.On, Files: filesOf(t, ours.issue(t, 0, "order", "payment", "shipping"), 0, log.logger(), "order", "payment", "shipping")}, log.logger())
	address := serve(t, both, log.logger())
	for _, service := range []string{"payment", "shipping"} {
		_, err := do(t, dial(t, address, as(t, both, "order", service)...), "payment.capture")
		require.NoError(t, err)
	}
	_, err := do(t, dial(t, address, as(t, both, "order", "inventory")...), "payment.capture")
	require.Error(t, err, "the process has no such service")
}

func TestAServerDecidesByTheSecretOfTheCaller(t *testing.T) {
	t.Parallel()
	const order, shipping = "order-secret-0123456789", "shipping-secret-0123456789"
	for _, mode := range []access.Mode{access.Off, access.Mesh} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			var log logs
			server := open(t, access.Config{Mode: mode, Secrets: parse(t, "order="+order+",shipping="+shipping)}, log.logger())
			address := serve(t, server, log.logger())
			for name, c := range map[string]struct{ secrets, self, step, rule string }{
				"RightCaller":    {"order=" + order, "order", "payment.capture", ""},
				"WrongSecret":    {"order=" + shipping, "order", "payment.capture", "identity.secret"},
				"UnknownCaller":  {"stranger=" + order, "stranger", "payment.capture", "identity.secret"},
				"AnotherService": {"shipping=" + shipping, "shipping", "payment.capture", "payment.capture <- order"},
				"AnotherStep":    {"order=" + order, "order", "payment.steal", "default deny"},
			} {
				client := open(t, access.Config{Mode: mode, Secrets: parse(t, c.secrets)}, log.logger())
				caller, err := do(t, dial(t, address, as(t, client, c.self, "payment")...), c.step)
				if c.rule == "" {
					require.NoError(t, err, name)
					require.Equal(t, "order", caller)
					continue
				}
				require.Equal(t, fault.Denied, fault.CodeOf(err), "%s: %v", name, err)
				require.ErrorContains(t, err, "the rule is "+c.rule, name)
			}
			_, err := do(t, dial(t, address, grpc.WithTransportCredentials(insecure.NewCredentials())), "payment.capture")
			require.ErrorContains(t, err, "identity.caller: the call does not name its caller")

			require.Contains(t, log.String(), "a call is denied")
			require.NotContains(t, log.String(), "secret-0123456789")
		})
	}
}

// far is a connection whose other end is on another machine.
type far struct {
	net.Conn

	sent *atomic.Int64 // bytes
}

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 7080} }

func (c far) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

// farListener accepts connections from another machine.
type farListener struct{ net.Listener }

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return far{c, new(atomic.Int64)}, err //nolint:wrapcheck // of the listener, to the library
}

func TestASecretStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	const text = "order=order-secret-0123456789"
	var log logs
	off := open(t, access.Config{Mode: access.Off, Secrets: parse(t, text)}, log.logger())
	mesh := open(t, access.Config{Mode: access.Mesh, Secrets: parse(t, text)}, log.logger())

	for name, c := range map[string]struct {
		by      *access.Access
		refused bool
	}{"AClientRefusesAnother": {off, true}, "UnlessAMeshProtectsIt": {mesh, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			// Without the rules of package rpc, whose message hides the cause.
			conn, err := grpc.NewClient(serve(t, mesh, log.logger()), append(as(t, c.by, "order", "payment"),
				grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
					return far{conn, &sent}, err
				}))...)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			_, err = do(t, participantpb.NewParticipantClient(conn), "payment.capture")
			if !c.refused {
				require.NoError(t, err)
				return
			}
			require.Equal(t, codes.Unavailable, status.Code(err))
			require.ErrorContains(t, err, "rejected connection to non-local address")
			require.Zero(t, sent.Load(), "bytes, the secret among them")
		})
	}

	for name, c := range map[string]struct {
		by      *access.Access
		refused bool
	}{"AServerRefusesAnother": {off, true}, "UnlessAMeshProtectsItsCallers": {mesh, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serveOn(t, farListener{listen(t)}, c.by, log.logger())
			_, err := do(t, dial(t, address, as(t, mesh, "order", "payment")...), "payment.capture")
			if !c.refused {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "the service cannot be reached")
		})
	}
}

func TestTheSpanOfACallHasItsCaller(t *testing.T) {
	t.Parallel()
	const text = "operator=operator-secret-0123456789,shipping=shipping-secret-0123456789"
	var log logs
	a := open(t, access.Config{Mode: access.Off, Secrets: parse(t, text)}, log.logger())
	address := serve(t, a, log.logger())
	calls := func(ctx context.Context, self string) {
		conn, err := rpc.Dial(rpc.DialOptions{Target: address, Plugins: as(t, a, self, "inventory")})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		_, err = participantpb.NewParticipantClient(conn).Do(ctx, &participantpb.DoRequest{Saga: "order/1", Step: "payment.capture"})
		require.Equal(t, fault.Denied, fault.CodeOf(err))
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, readJournal)
		require.NoError(t, err)
		require.NoError(t, stream.CloseSend())
		_ = stream.RecvMsg(&wrapperspb.StringValue{}) // shipping may not
	}
	for _, self := range []string{"operator", "shipping"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		t.Cleanup(cancel)
		ctx, span := otel.Tracer("test").Start(ctx, self)
		calls(ctx, self)
		span.End()
		require.Eventually(t, func() bool {
			named := 0
			for _, s := range spans.Ended() {
				if s.SpanContext().TraceID() == span.SpanContext().TraceID() && s.SpanKind() == trace.SpanKindServer &&
					slices.Contains(s.Attributes(), attribute.String("amends.caller", self)) {
					named++
				}
			}
			return named == 2
		}, patience, 5*time.Millisecond, self)
	}
}

func TestAuditLetsPassWhatThePolicyDeniesButNoStranger(t *testing.T) {
	t.Parallel()
	const text = "order=order-secret-0123456789,shipping=shipping-secret-0123456789"
	var log logs
	a := open(t, access.Config{Mode: access.Off, Audit: true, Secrets: parse(t, text)}, log.logger())
	address := serve(t, a, log.logger())
	caller, err := do(t, dial(t, address, as(t, a, "shipping", "payment")...), "payment.capture")
	require.NoError(t, err)
	require.Equal(t, "shipping", caller)
	require.Contains(t, log.String(), `"passed":true`)
	require.Contains(t, log.String(), "the rule is payment.capture <- order")

	_, err = do(t, dial(t, address), "payment.capture")
	require.Equal(t, fault.Denied, fault.CodeOf(err))
}

func TestHealthIsForEveryCallerAndForNoStranger(t *testing.T) {
	t.Parallel()
	var log logs
	a := open(t, access.Config{Mode: access.Off, Secrets: parse(t, "shipping=shipping-secret-0123456789")}, log.logger())
	address := serve(t, a, log.logger())
	watch := func(plugins ...grpc.DialOption) error {
		conn, err := rpc.Dial(rpc.DialOptions{Target: address, Plugins: plugins})
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		stream, err := grpc_health_v1.NewHealthClient(conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		require.NoError(t, err)
		_, err = stream.Recv()
		return err //nolint:wrapcheck // the status is what is tested
	}
	require.NoError(t, watch(as(t, a, "shipping", "payment")...))
	err := watch(grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	require.ErrorContains(t, err, "identity.caller")
}

func TestACallWithAStreamHasACallerToo(t *testing.T) {
	t.Parallel()
	const text = "operator=operator-secret-0123456789,shipping=shipping-secret-0123456789"
	var log logs
	a := open(t, access.Config{Mode: access.Off, Secrets: parse(t, text)}, log.logger())
	address := serve(t, a, log.logger())
	journal := func(self string) (caller string, err error) {
		conn, err := rpc.Dial(rpc.DialOptions{Target: address, Plugins: as(t, a, self, "inventory")})
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, readJournal)
		require.NoError(t, err)
		require.NoError(t, stream.CloseSend())
		out := &wrapperspb.StringValue{}
		err = stream.RecvMsg(out)
		return out.GetValue(), err //nolint:wrapcheck // the fault is what is tested
	}
	caller, err := journal("operator")
	require.NoError(t, err)
	require.Equal(t, "operator", caller)
	_, err = journal("shipping")
	require.Equal(t, fault.Denied, fault.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "shipping may not call amends.inventory.v1.Inventory/ReadJournal: the rule is")
}

func TestAListenerOffLoopbackNeedsCertificatesOrAMesh(t *testing.T) {
	t.Parallel()
	var log logs
	off := open(t, access.Config{Mode: access.Off}, log.logger())
	for _, address := range []string{"0.0.0.0:7080", ":7080", "[::]:7080", "10.0.0.7:7080", "payment:7080"} {
		require.ErrorContains(t, off.CheckListener(address), "identity.mtls is off, so calls are not answered at "+address, address)
	}
	for _, address := range []string{"127.0.0.1:7080", "[::1]:0", "localhost:7080"} {
		require.NoError(t, off.CheckListener(address), address)
	}
	require.Error(t, off.CheckListener("7080"))
	require.NoError(t, open(t, access.Config{Mode: access.Mesh}, log.logger()).CheckListener("0.0.0.0:7080"))
	ours := newAuthority(t)
	on := open(t, access.Config{Mode: access.On, Files: filesOf(t, ours.issue(t, 0, "order"), 0, log.logger(), "order")}, log.logger())
	require.NoError(t, on.CheckListener("0.0.0.0:7080"))
}

func TestAProcessCannotCallUnderANameThatItCannotProve(t *testing.T) {
	t.Parallel()
	var log logs
	_, err := open(t, access.Config{Mode: access.Off}, log.logger()).Client("order", "payment")
	require.ErrorContains(t, err, `no secret for "order"`)
	ours := newAuthority(t)
	on := open(t, access.Config{Mode: access.On, Files: filesOf(t, ours.issue(t, 0, "order"), 0, log.logger(), "order")}, log.logger())
	_, err = on.Client("api", "payment")
	require.ErrorContains(t, err, `no certificate for "api"`)
}
