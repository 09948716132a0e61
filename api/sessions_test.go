package api

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/rpc"
)

var (
	logIns        = flag.Int("logins", 24, "log-ins at the same time")
	revokedWithin = flag.Duration("revoked.within", 10*time.Second, "how soon every gateway must refuse a session that has ended")
)

// TestEveryGatewayRefusesAnEndedSession logs out at one of three gateways, which share
// nothing but the user service.
func TestEveryGatewayRefusesAnEndedSession(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	b.registered(t, "ada@example.com")
	var gateways []accountsBundle
	for range 3 {
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, b.users) }))
		v := token.NewVerifier(token.Config{Source: remote, Logger: slog.New(slog.DiscardHandler)})
		go func() { _ = v.Run(t.Context()) }()
		require.Eventually(t, func() bool { return v.Ready() == nil }, time.Minute, time.Millisecond)
		gateways = append(gateways, accountsBundle{testBundle: shopOf(t, WithLogger(slog.New(slog.DiscardHandler)), WithVerifier(v), WithUsers(remote, v))})
	}
	ends, stays := gateways[0].logIn(t, "ada@example.com"), gateways[1].logIn(t, "ada@example.com")
	for _, g := range gateways {
		g.json(t, http.StatusOK, "GET", "/v1/me", "", bearer(ends))
	}
	began := time.Now()
	gateways[0].json(t, http.StatusNoContent, "DELETE", "/v1/sessions/current", "", bearer(ends))
	for _, g := range gateways {
		for g.do(t, "GET", "/v1/me", "", bearer(ends)).StatusCode != http.StatusUnauthorized {
			require.Less(t, time.Since(began), *revokedWithin)
		}
	}
	t.Logf("sessions: refused by 3 gateways %s after the log-out", time.Since(began).Round(time.Millisecond))
	for _, g := range gateways {
		g.json(t, http.StatusOK, "GET", "/v1/me", "", bearer(stays))
	}
}

// TestParallelLogInsNeedLittleMemory logs in with the default policy, whose hashes take
// 19 MiB each.
func TestParallelLogInsNeedLittleMemory(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	b := accountsWith(t, password.DefaultPolicy())
	const accounts = 4
	for n := range accounts {
		_, err := b.users.Create(t.Context(), user.Registration{Email: strconv.Itoa(n) + "@example.com", Password: firstPassword, Name: "A", Locale: "en"}, user.Customer, "tests")
		require.NoError(t, err)
	}
	statuses, errs, begin := make([]int, *logIns), make([]error, *logIns), make(chan struct{})
	var all sync.WaitGroup
	for n := range *logIns {
		all.Go(func() {
			<-begin
			body := strings.NewReader(credentials(strconv.Itoa(n%accounts)+"@example.com", firstPassword))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/v1/sessions", body)
			if err != nil {
				errs[n] = err
				return
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := b.http.Client().Do(r)
			if err != nil {
				errs[n] = err
				return
			}
			if statuses[n] = answer.StatusCode; statuses[n] == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
				errs[n] = fmt.Errorf("log-in %d: no Retry-After", n)
			}
			errs[n] = errors.Join(errs[n], answer.Body.Close())
		})
	}
	runtime.GC()
	ended, most := make(chan struct{}), make(chan uint64, 1)
	go func() { most <- highest(ended) }()
	close(begin)
	all.Wait()
	close(ended)
	require.NoError(t, errors.Join(errs...))
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	peak, cores := <-most>>20, runtime.GOMAXPROCS(0)
	t.Logf("logins: %d at once: %d logged in, %d told to come back, at most %d MiB", *logIns, count[http.StatusCreated], count[http.StatusServiceUnavailable], peak)
	require.Equal(t, *logIns, count[http.StatusCreated]+count[http.StatusServiceUnavailable], "%v", count)
	require.Positive(t, count[http.StatusCreated])
	// Twice the live memory before the collector has run, and the rest of the process.
	require.Less(t, peak, uint64(cores*19+2*19)*4, "one hash for each would take %d MiB", *logIns*19)
}

// highest returns the most memory that the heap had until ended.
func highest(ended <-chan struct{}) (most uint64) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
	}
}
