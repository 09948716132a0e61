package resolve_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/balance"
	"github.com/amends/amends/internal/discovery/meter"
	"github.com/amends/amends/internal/discovery/resolve"
)

const (
	patience = 30 * time.Second
	tick     = 5 * time.Millisecond
)

// serve starts a health service and returns its address.
func serve(t *testing.T, address string) string {
	t.Helper()
	return serveHealth(t, address, health.NewServer())
}

func serveHealth(t *testing.T, address string, h *health.Server) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	s := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func dial(t *testing.T, target string, c resolve.Config) *grpc.ClientConn {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	conn, err := grpc.NewClient(target, c.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"`+balance.Policy+`": {}}], "healthCheckConfig": {"serviceName": ""}}`))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// call makes one call and returns who answered.
func call(t *testing.T, conn *grpc.ClientConn) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var by peer.Peer
	_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&by))
	if err != nil {
		return "", err
	}
	return by.Addr.String(), nil
}

// reaches waits until the calls go to exactly these addresses.
func reaches(t *testing.T, conn *grpc.ClientConn, want ...string) {
	t.Helper()
	var got map[string]bool
	for end := time.Now().Add(patience); ; {
		got = map[string]bool{}
		for range 20 * len(want) {
			by, err := call(t, conn)
			require.NoError(t, err)
			got[by] = true
		}
		all := len(got) == len(want)
		for _, w := range want {
			all = all && got[w]
		}
		if all {
			return
		}
		require.True(t, time.Now().Before(end), "calls go to %v, not to %v", got, want)
	}
}

// names is a DNS server that answers with the addresses of one host.
type names struct {
	mu    sync.Mutex
	hosts []net.IP
}

func (n *names) set(ips ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts = nil
	for _, ip := range ips {
		n.hosts = append(n.hosts, net.ParseIP(ip).To4())
	}
}

// listen serves until the test ends, and returns the server's address.
func (n *names) listen(t *testing.T) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer, err := n.answer(buffer[:size]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func (n *names) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if m.Questions[0].Type == dnsmessage.TypeA {
		for _, ip := range n.hosts {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte(ip)},
			})
		}
	}
	return m.Pack()
}

// A headless service of Kubernetes answers with an address per pod that is ready. All
// have the same port; here they are addresses of the loopback network.
func TestDNSFollowsAHeadlessServiceWithoutAFailure(t *testing.T) {
	t.Parallel()
	first := serve(t, "127.0.0.1:0")
	_, port, err := net.SplitHostPort(first)
	require.NoError(t, err)
	second, third := serve(t, "127.0.0.2:"+port), serve(t, "127.0.0.3:"+port)
	var dns names
	dns.set("127.0.0.1", "127.0.0.2")
	conn := dial(t, "dns://"+dns.listen(t)+"/catalog.shop.svc.cluster.local.:"+port, resolve.Config{Refresh: 50 * time.Millisecond})
	reaches(t, conn, first, second)
	dns.set("127.0.0.1", "127.0.0.2", "127.0.0.3")
	reaches(t, conn, first, second, third)
	dns.set("127.0.0.3")
	reaches(t, conn, third)
}

func TestAnInstanceThatIsNotHealthyGetsNoCalls(t *testing.T) {
	t.Parallel()
	sick := health.NewServer()
	first, second := serve(t, "127.0.0.1:0"), serveHealth(t, "127.0.0.1:0", sick)
	conn := dial(t, "static:///"+first+","+second, resolve.Config{})
	reaches(t, conn, first, second)
	sick.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	reaches(t, conn, first)
	sick.SetServingStatus("", grpc_health_v1.HealthCheckResponse_SERVING)
	reaches(t, conn, first, second)
}

func TestStaticReachesEveryAddress(t *testing.T) {
	t.Parallel()
	first, second := serve(t, "127.0.0.1:0"), serve(t, "127.0.0.1:0")
	reaches(t, dial(t, "static:///"+first+","+second, resolve.Config{}), first, second)
	_, err := call(t, dial(t, "static:///nowhere", resolve.Config{}))
	require.ErrorContains(t, err, `"nowhere" is not host:port`)
}

// away is a registry that does not answer.
type away struct{ discovery.Memory }

func (*away) Watch(context.Context, string, func(discovery.Change)) error {
	return errors.New("the broker is away")
}

func TestRegistered(t *testing.T) {
	t.Parallel()

	t.Run("FollowsTheRegistry", func(t *testing.T) {
		t.Parallel()
		var registry discovery.Memory
		var seen meter.Client
		put := func(id, address string) {
			require.NoError(t, registry.Put(t.Context(), discovery.Instance{Service: "catalog", ID: id, Address: address}))
		}
		first, second := serve(t, "127.0.0.1:0"), serve(t, "127.0.0.1:0")
		conn := dial(t, "amends:///catalog", resolve.Config{Registry: &registry, Observer: &seen})
		put("a", first)
		require.Eventually(t, func() bool { _, err := call(t, conn); return err == nil }, patience, tick)
		reaches(t, conn, first)
		put("b", second)
		reaches(t, conn, first, second)
		metrics := prometheus.NewPedanticRegistry()
		require.NoError(t, metrics.Register(&seen))
		families, err := metrics.Gather()
		require.NoError(t, err)
		require.Len(t, families, 5)
		require.NoError(t, registry.Remove(t.Context(), "catalog", "a"))
		reaches(t, conn, second)
		require.NoError(t, registry.Remove(t.Context(), "catalog", "b"))
		require.Eventually(t, func() bool {
			_, err := call(t, conn)
			return status.Code(err) == codes.Unavailable
		}, patience, tick, "without an instance a call fails at once")
	})

	t.Run("SaysWhyItFindsNothing", func(t *testing.T) {
		t.Parallel()
		_, err := call(t, dial(t, "amends:///catalog", resolve.Config{Registry: &away{}}))
		require.Equal(t, codes.Unavailable, status.Code(err))
		require.ErrorContains(t, err, "instances of catalog: the broker is away")
	})

	t.Run("RefusesAnIllegalName", func(t *testing.T) {
		t.Parallel()
		_, err := call(t, dial(t, "amends:///cat.alog", resolve.Config{Registry: &away{}}))
		require.ErrorContains(t, err, `service "cat.alog"`)
	})
}
