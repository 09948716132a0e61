package registry

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/grpc"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/audit/remote"
)

// asked is a worker that was given questions.
type asked struct {
	*testsuite.TestActivityEnvironment
}

func newAsked() asked {
	return asked{new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()}
}

func (a asked) ask(question string) (string, error) {
	v, err := a.ExecuteActivity(question, struct{}{})
	if err != nil {
		return "", err
	}
	var answer json.RawMessage
	err = v.Get(&answer)
	return string(answer), err
}

// opened returns the stores of a service on a new database.
func opened(t *testing.T, service string) *Stores {
	t.Helper()
	row, err := Find(service)
	require.NoError(t, err)
	db := dbtest.Open(t, "sqlite::memory:", database.Options{})
	require.NoError(t, append(database.Schema{database.Set(waiting.Name, waiting.Migrations)}, row.own...).Migrate(t.Context(), db))
	return &Stores{Row: row, Own: db}
}

// TestQuestionsToFollowersArePassedOn: to those of the process, by a call to others, and to
// nobody if there are none.
func TestQuestionsToFollowersArePassedOn(t *testing.T) {
	t.Parallel()
	orders, mails, model := opened(t, "order"), opened(t, "notification"), opened(t, "query")
	all := slices.Concat(activities.QueryQuestions, activities.NotificationQuestions)

	unasked := struct{ activities.Sagas }{}
	alone := newAsked()
	orders.BindAudit(alone, unasked, []*Stores{orders})
	for _, q := range all {
		answer, err := alone.ask(q)
		require.NoError(t, err, q)
		require.Equal(t, "null", answer, q)
	}

	together := newAsked()
	orders.BindAudit(together, unasked, []*Stores{orders, mails, model})
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) { remote.Register(r, Questions([]*Stores{mails, model})) })
	require.NoError(t, orders.Prepare(func(self, service string) (grpc.ClientConnInterface, error) {
		require.Equal(t, "order", self)
		return conn, nil
	}))
	apart := newAsked()
	orders.BindAudit(apart, unasked, []*Stores{orders})
	for name, b := range map[string]asked{"together": together, "apart": apart} {
		for _, q := range activities.NotificationQuestions {
			answer, err := b.ask(q)
			require.NoError(t, err, "%s: %s", name, q)
			require.NotEqual(t, "null", answer[:1], "%s: %s", name, q)
		}
		_, err := b.ask(activities.AuditCopies.Name)
		require.ErrorContains(t, err, "the read model has not been filled yet", name)
		answer, err := b.ask(activities.AuditEvents("query").Name)
		require.NoError(t, err)
		require.Equal(t, "null", answer, "nothing waits")
	}
}

// TestEveryFollowerIsAsked: a service that answers questions of its own is in the doctor's
// list, and the list has no other.
func TestEveryFollowerIsAsked(t *testing.T) {
	t.Parallel()
	asks, err := Find("order")
	require.NoError(t, err)
	for _, row := range All {
		require.Equal(t, row.Answer != nil, len(row.questions) > 0, row.Name)
		if row.Answer == nil {
			continue
		}
		require.Nil(t, row.Bind, "%s polls a queue: the doctor can ask it there", row.Name)
		require.Contains(t, asks.asks, row.Name)
		var names []string
		for q := range row.questionsOf(t) {
			names = append(names, q)
		}
		require.ElementsMatch(t, row.questions, names)
	}
}

// TestEveryServiceThatActsNamesItsChanges: the doctor's runs between two whole ones look at
// nothing else.
func TestEveryServiceThatActsNamesItsChanges(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	for _, service := range Acting() {
		if service == "order" { // whose store names orders
			continue
		}
		s, b := opened(t, service), newAsked()
		s.BindAudit(b, nil, nil)
		const entry = `INSERT INTO barrier (saga, step, state, fingerprint, request, outcome, code, message, created_at, updated_at) VALUES (?, 'x', 'done', '', '', '', '', '', ?, ?)`
		require.NoError(t, s.Own.Exec(entry, "old", at.Add(-time.Second), at).Error)
		require.NoError(t, s.Own.Exec(entry, "new", at, at.Add(2*time.Hour)).Error)
		v, err := b.ExecuteActivity(activities.AuditChanged(service).Name, audit.Window{From: at, Until: at.Add(time.Hour)})
		require.NoError(t, err, service)
		var page audit.Changed
		require.NoError(t, v.Get(&page))
		require.Equal(t, []string{"new"}, page.Facts, service)
	}
}

func (r Row) questionsOf(t *testing.T) remote.Questions {
	t.Helper()
	return opened(t, r.Name).questions(nil)
}
