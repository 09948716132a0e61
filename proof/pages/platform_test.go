package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/transcript"
	"github.com/amends/amends/web/browsertest"
)

// platform is an `amends dev` that the tests of the package share.
type platform struct {
	shop, admin string // addresses
	engine      string // the address of Temporal
	dir         string
}

// operator is the secret of one.
const operator = "a-secret-of-operators-for-tests"

// settings have an order flagged soon, and the doctor run only if a test has it run.
var settings = []string{"AMENDS_SAGA_PARK_AFTER=5s", "AMENDS_DOCTOR_EVERY=0", "AMENDS_DOCTOR_PAUSE=1s", "AMENDS_STUCK_EVERY=1s"}

var (
	scratch string
	running *exec.Cmd
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "amends-pages-"); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
	code := browsertest.Run(m)
	if running != nil {
		_ = running.Process.Signal(syscall.SIGINT)
		_ = running.Wait()
	}
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// find returns the first group of a line of a text, empty without such a line.
func find(text *transcript.Text, line *regexp.Regexp) string {
	if m := line.FindStringSubmatch(text.String()); m != nil {
		return m[1]
	}
	return ""
}

var (
	shopLine  = regexp.MustCompile(`(?m)^  Shop     (http://\S+)/$`)
	adminLine = regexp.MustCompile(`(?m)^  Metrics  (http://\S+)/metrics$`)
	lastLine  = regexp.MustCompile(`(?m)^(Ctrl-C stops everything)`)
)

// started starts the platform, once.
var started = sync.OnceValues(func() (platform, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	p := platform{dir: filepath.Join(scratch, "data")}
	cli, err := enginetest.FindCLI(ctx)
	if err != nil {
		return p, err
	}
	bin := filepath.Join(scratch, "amends")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "../../cmd/amends").CombinedOutput(); err != nil {
		return p, fmt.Errorf("build amends: %w: %s", err, said)
	}
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return p, err
	}
	p.engine = loopback.Address(port)
	var said transcript.Text
	// TestMain ends it.
	running = exec.Command(bin, "dev", "--data-dir", p.dir, "--temporal-bin", cli, "--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-port", strconv.Itoa(port), "--ui-port", "0")
	running.Stdout, running.Stderr = &said, &said
	running.Env = append(settings, "HOME="+scratch, "PATH="+os.Getenv("PATH"), "AMENDS_OPERATOR_TOKENS=tests="+operator)
	if err := running.Start(); err != nil {
		return p, err
	}
	for find(&said, lastLine) == "" {
		select {
		case <-ctx.Done():
			return p, fmt.Errorf("amends dev is not ready: %s", &said)
		case <-time.After(50 * time.Millisecond):
		}
	}
	p.shop, p.admin = find(&said, shopLine), find(&said, adminLine)
	return p, nil
})

func start(t *testing.T) platform {
	t.Helper()
	browsertest.Visit(t) // without a browser there is nothing to start for
	p, err := started()
	require.NoError(t, err)
	return p
}

// ordersOf returns all orders of a customer, from the read model, once it has one.
func (p platform) ordersOf(t *testing.T, customer string) []contract.Order {
	t.Helper()
	var list contract.OrderList
	eventually(t, "the read model has an order of "+customer, func() bool {
		p.ask(t, http.MethodGet, "/v1/orders?limit=100&customer_id="+customer, nil, &list)
		return len(list.Orders) > 0
	})
	return list.Orders
}

var code = regexp.MustCompile(`(?m)^(am[a-z]_\S+)\s*$`)

// mailed returns the code of the newest mail to an address.
func (p platform) mailed(t *testing.T, to string) (found string) {
	t.Helper()
	eventually(t, "a mail to "+to+" arrives", func() bool {
		all, err := mailbox.In(p.dir).List(50)
		require.NoError(t, err)
		for _, m := range all {
			if len(m.To) == 1 && m.To[0] == to {
				if c := code.FindStringSubmatch(m.Text); c != nil {
					found = c[1]
					return true
				}
			}
		}
		return false
	})
	return found
}
