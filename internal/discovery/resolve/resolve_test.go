package resolve_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
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
	patience = time.Minute
	tick     = 5 * time.Millisecond
)

// serve starts a health service and returns its address.
func serve(t *testing.T, address string) string {
	t.Helper()
	return serveHealth(t, address, health.NewServer())
}

func serveHealth(t *testing.T, address string, h grpc_health_v1.HealthServer) string {
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
	return dialService(t, "catalog", target, c)
}

func dialService(t *testing.T, service, target string, c resolve.Config) *grpc.ClientConn {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	conn, err := grpc.NewClient(target, c.DialOption(service), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"`+balance.Policy+`": {}}], "healthCheckConfig": {"serviceName": ""}}`))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// call makes one call and returns who answered.
func call(t *testing.T, conn *grpc.ClientConn) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
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

// broken fails every call, but is healthy.
type broken struct{ *health.Server }

func (broken) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return nil, status.Error(codes.Internal, "broken")
}

// observer is a view in which ejections last until the test ends.
type observer struct{ meter.Client }

func (o *observer) Ejected(service, instance string, until time.Time) {
	o.Client.Ejected(service, instance, until.Add(time.Hour))
}

// text returns the metrics of c as they are scraped, without their descriptions.
func text(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	metrics := prometheus.NewPedanticRegistry()
	require.NoError(t, metrics.Register(c))
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	var samples strings.Builder
	for line := range strings.Lines(answer.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			samples.WriteString(line)
		}
	}
	return samples.String()
}

func TestAServiceIsObservedByItsName(t *testing.T) {
	t.Parallel()
	var seen observer
	var dns names
	dns.set("127.0.0.1")
	config := resolve.Config{Registry: new(discovery.Memory), Observer: &seen}
	put := func(id, address string) {
		require.NoError(t, config.Registry.Put(t.Context(), discovery.Instance{Service: "inventory", ID: id, Address: address}))
	}
	first, second := serve(t, "127.0.0.1:0"), serve(t, "127.0.0.1:0")
	_, port, err := net.SplitHostPort(first)
	require.NoError(t, err)
	put("a", first)
	put("b", second)
	put("c", serveHealth(t, "127.0.0.1:0", broken{health.NewServer()}))

	reaches(t, dialService(t, "catalog", "static:///"+first+","+second, config), first, second)
	reaches(t, dialService(t, "payment", "dns://"+dns.listen(t)+"/payment.shop.svc.:"+port, config), first)
	inventory := dialService(t, "inventory", "amends:///inventory", config)
	ejected := `amends_discovery_ejected{service="inventory"} 1`
	require.Eventually(t, func() bool {
		if strings.Contains(text(t, &seen), ejected) {
			return true
		}
		_, _ = call(t, inventory)
		return false
	}, patience, tick)

	require.Equal(t, `amends_discovery_ejected{service="catalog"} 0
amends_discovery_ejected{service="inventory"} 1
amends_discovery_ejected{service="payment"} 0
amends_discovery_ejections_total{service="catalog"} 0
amends_discovery_ejections_total{service="inventory"} 1
amends_discovery_ejections_total{service="payment"} 0
amends_discovery_instances{service="catalog"} 2
amends_discovery_instances{service="inventory"} 3
amends_discovery_instances{service="payment"} 1
amends_discovery_instances_kept{service="catalog"} 0
amends_discovery_instances_kept{service="inventory"} 0
amends_discovery_instances_kept{service="payment"} 0
amends_discovery_stale{service="catalog"} 0
amends_discovery_stale{service="inventory"} 0
amends_discovery_stale{service="payment"} 0
`, text(t, &seen))
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
		require.Contains(t, text(t, &seen), `amends_discovery_instances{service="catalog"} 2`)
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
