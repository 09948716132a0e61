package e2e_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
)

// A customer who is erased is in no file of the platform any more, nor in a history; neither is
// a guest whose order is erased. Orders and money stay.
func TestErasedCustomersAreNowhere(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	d := startDev(t, dir, "AMENDS_LOG_LEVEL=debug", "AMENDS_SAGA_DECIDE_AFTER=20s")
	v := &visitor{url: d.url, mark: strings.ReplaceAll(uuid.NewString(), "-", "")}
	mail := v.canary("mail", inMails) + "@example.com"
	run(t, home(dir), "user", "create", mail, "--name", v.canary("name", inMails), "--data-dir", dir)
	key := strings.TrimSpace(run(t, home(dir), "user", "key", "create", mail, "--name", v.canary("key"), "--scope", "account", "--scope", "orders:read", "--scope", "orders:write", "--data-dir", dir))
	v.token = key
	me, _ := v.asks(t, http.StatusOK, http.MethodGet, "/v1/me", nil)
	account, _ := me["id"].(string)
	require.NotEmpty(t, account)
	v.asks(t, http.StatusCreated, http.MethodPost, "/v1/me/addresses", v.address(inUsers))

	var orders []string
	for _, style := range []string{"orchestrated", "choreographed"} {
		body := lines("MUG-STONEWARE", 1)
		maps.Copy(body, map[string]any{"currency": "EUR", "style": style, "payment_token": "tok_visa", "ship_to": v.address(style)})
		answer, _ := v.asks(t, http.StatusOK, http.MethodPost, "/v1/orders", body, "Idempotency-Key", uuid.NewString(), "Prefer", "wait=30")
		require.Equal(t, "CONFIRMED", answer["status"])
		id, _ := answer["id"].(string)
		orders = append(orders, id)
		question := map[string]any{"subject": v.canary("subject " + style), "text": v.canary("text " + style)}
		v.asks(t, http.StatusCreated, http.MethodPost, "/v1/orders/"+id+"/cases", question, "Idempotency-Key", uuid.NewString())
	}
	v.isTold(t, dir, mail, "Hello name."+v.mark)
	v.token = ""
	orders = append(orders, v.ordersAsGuest(t, dir))
	v.token = key

	var running struct{ Temporal struct{ Address string } }
	pointer, err := os.ReadFile(filepath.Join(dir, "platform.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(pointer, &running))
	c, err := engine.Dial(engine.Options{Address: running.Temporal.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	saved := []string{workflows.WorkflowID(orders[0]), workflows.WorkflowID(orders[2])} // the other one has no workflow
	for _, saga := range saved {
		_, err = c.DescribeWorkflowExecution(t.Context(), saga, "")
		require.NoError(t, err)
	}

	require.Contains(t, run(t, home(dir), "user", "erase", mail, "--reason", "a letter", "--data-dir", dir), account+"  is erased")
	eventually(t, "support and notification have heard of it", func() bool {
		return count(t, dir, inCases, "cases WHERE subject <> '(erased)'") == 1 && count(t, dir, inMessages, "deliveries WHERE address <> ''") == 1
	})
	require.Contains(t, run(t, home(dir), "order", "erase", orders[2], "--reason", "a letter", "--data-dir", dir), orders[2]+"  is erased")
	eventually(t, "they have heard of the guest's", func() bool {
		return count(t, dir, inCases, "cases WHERE subject <> '(erased)'") == 0 && count(t, dir, inMessages, "deliveries WHERE address <> ''") == 0
	})
	for _, saga := range saved {
		eventually(t, "the engine has forgotten "+saga, func() bool {
			_, err := c.DescribeWorkflowExecution(t.Context(), saga, "")
			if err == nil {
				return false
			}
			require.ErrorAs(t, err, new(*serviceerror.NotFound))
			return true
		})
	}
	v.token = ""
	v.asks(t, http.StatusUnauthorized, http.MethodGet, "/v1/me", nil, "Authorization", "Bearer "+key)
	eventually(t, "the doctor judges all three orders, and finds nothing", func() bool {
		p := launch(t, home(dir), "doctor", "--grace", "1s", "--data-dir", dir)
		return p.wait(t) == 0 && strings.Contains(p.out.String(), "3 judged")
	})
	d.drain(t, syscall.SIGINT)

	found := contents(t, dir)
	for _, id := range orders {
		require.Contains(t, string(found[inOrders]), id, "the order stays")
	}
	delete(found, inHistories) // the file of the engine keeps free pages; the engine was asked
	for i, d := range v.data {
		if d.name == "customer" { // a guest's name for itself, which is the order's
			v.data[i].places = slices.DeleteFunc(d.places, func(place string) bool { return place == inHistories })
			continue
		}
		v.data[i].places, v.data[i].mailed = nil, true
	}
	require.Empty(t, leaks(found, v.data))
}

// count returns how many rows a database of an `amends dev` has, and leaves no connection,
// which would keep its journal.
func count(t *testing.T, dir, file, rows string) (n int) {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, file), database.Options{})
	require.NoError(t, err)
	require.NoError(t, db.Raw("SELECT count(*) FROM "+rows).Scan(&n).Error)
	require.NoError(t, database.Close(db))
	return n
}
