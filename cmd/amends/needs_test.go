package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/watch/needs"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/workflows"
)

const holdsAll = "money taken: 18.50 EUR, stock sold: 1 units, parcels booked: 1 (payment.capture, inventory.commit, shipping.book)"

// listsADeadLetter has an event of a confirmed order that no listener can read, and waits until
// the list names it, its order and the order's holdings.
func listsADeadLetter(t *testing.T, dir, id string) {
	t.Helper()
	db := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "order.db"), database.Options{})
	require.NoError(t, db.Exec(`INSERT INTO outbox (event_id, type, key, data, meta, at, error)
		SELECT 'poison', type, key, '"nothing"', meta, at, '' FROM outbox WHERE type = 'amends.order.confirmed.v1' AND key = ?`, id).Error)
	out := requireSaid(t, `poison\tquery\t`, func() (string, error) {
		return once(t, nil, "order", "list", "--needs-attention", "--data-dir", dir)
	})
	require.Contains(t, out, "poison\tquery\t"+id+"\tamends.order.confirmed.v1\t")
	require.Contains(t, out, id+"\t"+holdsAll+"\n")

	out, err := once(t, nil, "order", "show", id, "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "\nHolds\t"+holdsAll+"\n")
}

// saysFirstThatNoWorkerAnswers asks a platform for orders on a queue that has no worker.
func saysFirstThatNoWorkerAnswers(t *testing.T, dir string) {
	t.Helper()
	list := func(args ...string) *process {
		p := start(t, []string{"AMENDS_SERVICES_ORDER_QUEUE=nobody"}, append([]string{"order", "list", "--needs-attention", "--data-dir", dir}, args...)...)
		require.NoError(t, p.wait(t))
		return p
	}
	require.True(t, strings.HasPrefix(list().err.String(), `No worker of the order service answers: none polls queue "nobody"`))
	var l needs.List
	require.NoError(t, json.Unmarshal([]byte(list("--json").out.String()), &l))
	require.Equal(t, `none polls queue "nobody"`, l.NoWorker)
	require.NotEmpty(t, l.Letters, "it hides nothing")
	require.Equal(t, "money taken: 18.50 EUR, stock sold: 1 units, parcels booked: 1", l.Holds.String())
}

// namesTheOrdersThatWait lists an order that is to be cancelled, and whose worker has stopped.
func namesTheOrdersThatWait(t *testing.T, environ []string, address, id string) {
	t.Helper()
	c, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.CancelWorkflow(t.Context(), workflows.WorkflowID(id), ""))
	silent := regexp.MustCompile(`^No worker of the order service answers: tasks have waited on queue "amends-order" for [0-9ms]+, and none has polled it since`)
	var p *process
	require.Eventually(t, func() bool {
		p = start(t, environ, "order", "list", "--needs-attention")
		return p.wait(t) == nil && strings.Contains(p.out.String(), id) && silent.MatchString(p.err.String())
	}, patience, tick, "waiting for %q", silent)
	require.Regexp(t, id+`\t.*\tno_worker\t.*no worker polls queue "amends-order" for its next decision`, p.out.String())
	require.Contains(t, p.out.String(), id+"\tmoney held: 18.50 EUR, stock held: 1 units (payment.authorize, inventory.reserve)\n")
}
