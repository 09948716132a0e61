package store_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/support"
	"github.com/amends/amends/services/support/store"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	dbtest.UpDownUp(t, store.Schema.Migrate, store.Schema.Ready)
}

var (
	ada = support.Author{Side: support.Customer, ID: "ada"}
	mia = support.Author{Side: support.Staff, ID: "mia"}
)

func opening(order, key string) support.Opening {
	return support.Opening{Order: order, Key: key, Author: ada, Subject: "Secret subject", Text: "Secret text"}
}

func by(a support.Author, c support.Case, key string) support.Command {
	cmd := support.Command{Case: c.ID, Key: key, Author: a}
	if a.Side == support.Customer {
		cmd.Order = c.Order
	}
	return cmd
}

func refused(t *testing.T, code fault.Code, err error) {
	t.Helper()
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Business, fault.KindOf(err))
}

// each runs body on every kind of database, with a case of an order.
func each(t *testing.T, body func(t *testing.T, s *store.Store, c support.Case, r *told.Reader, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		c, err := s.Open(t.Context(), opening("order-1", "k"))
		require.NoError(t, err)
		body(t, s, c, told.New(db), db)
	})
}

func TestACaseIsAConversation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, r *told.Reader, db *gorm.DB) {
		ctx := t.Context()
		_, err := s.Answer(ctx, by(mia, c, "1"), "On its way.")
		require.NoError(t, err)
		got, err := s.Get(ctx, c.ID, "")
		require.NoError(t, err)
		require.Equal(t, support.Answered, got.State)
		_, err = s.Assign(ctx, by(mia, c, "2"), "mia")
		require.NoError(t, err)
		_, err = s.Answer(ctx, by(ada, c, "1"), "Thanks,\nAda")
		require.NoError(t, err)
		closed, err := s.Close(ctx, by(ada, c, "2"))
		require.NoError(t, err)

		got, err = s.Get(ctx, c.ID, "order-1")
		require.NoError(t, err)
		require.Equal(t, closed, got, "an answer is the case as it is stored")
		require.Equal(t, support.Closed, got.State)
		require.Equal(t, "mia", got.Assignee)
		require.Equal(t, "ada", got.Customer)
		require.Equal(t, "Secret subject", got.Subject)
		var said []string
		for _, m := range got.Messages {
			said = append(said, m.Author.ID+": "+m.Text)
		}
		require.Equal(t, []string{"ada: Secret text", "mia: On its way.", "ada: Thanks,\nAda"}, said)
		require.Equal(t, []string{
			"support.case_opened order-1", "support.case_answered order-1", "support.case_assigned order-1", "support.case_answered order-1",
			"support.case_closed order-1",
		}, r.Names(t))
		told.RequireAbsent(t, db, "Secret", "On its way", "Thanks", `\"ada\"`, `\"mia\"`)

		_, err = s.Answer(ctx, by(mia, c, "3"), "Still there?")
		refused(t, support.CaseClosed, err)
		_, err = s.Assign(ctx, by(mia, c, "4"), "leo")
		refused(t, support.CaseClosed, err)
		require.Empty(t, r.Names(t))
	})
}

func TestARepeatChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, r *told.Reader, db *gorm.DB) {
		ctx := t.Context()
		answered, err := s.Answer(ctx, by(mia, c, "1"), "On its way.")
		require.NoError(t, err)
		_, err = s.Close(ctx, by(mia, c, "2"))
		require.NoError(t, err)
		require.Len(t, r.Names(t), 3)

		again, err := s.Open(ctx, opening("order-1", "k"))
		require.NoError(t, err)
		require.Equal(t, c.ID, again.ID)
		require.Equal(t, support.Closed, again.State, "the case as it is now")
		again, err = s.Answer(ctx, by(mia, c, "1"), "On its way.")
		require.NoError(t, err, "also of one that is closed by now")
		require.Equal(t, answered.Messages, again.Messages)
		for _, key := range []string{"2", "3"} { // of the close, and another one
			_, err = s.Close(ctx, by(mia, c, key))
			require.NoError(t, err)
		}
		require.Empty(t, r.Names(t))

		other := opening("order-1", "k")
		other.Text = "Another text"
		_, err = s.Open(ctx, other)
		refused(t, support.KeyReused, err)
		_, err = s.Answer(ctx, by(mia, c, "1"), "Another text")
		refused(t, support.KeyReused, err)
		_, err = s.Assign(ctx, by(mia, c, "1"), "mia")
		refused(t, support.KeyReused, err)
		leo := support.Author{Side: support.Staff, ID: "leo"}
		_, err = s.Answer(ctx, by(leo, c, "1"), "On its way.")
		refused(t, support.CaseClosed, err) // keys are of their author
		require.Empty(t, r.Names(t))

		var keys []string
		require.NoError(t, db.WithContext(ctx).Raw("SELECT key FROM commands").Scan(&keys).Error)
		require.Len(t, keys, 3, "those that were refused, or changed nothing, are free")
		for _, k := range keys {
			require.Regexp(t, "^[0-9a-f]{64}$", k, "a key may be a guest's secret")
		}
	})
}

// A command that finds the case as it would leave it is a repeat of the one before, whatever
// its key: keys of callers who close again and again fill no table.
func TestACommandWithoutAnEffectLeavesNoTrace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, r *told.Reader, db *gorm.DB) {
		ctx := t.Context()
		commands := func() (n int64) {
			require.NoError(t, db.WithContext(ctx).Table("commands").Count(&n).Error)
			return n
		}
		_, err := s.Assign(ctx, by(mia, c, "nothing to take back"), "")
		require.NoError(t, err)
		assigned, err := s.Assign(ctx, by(mia, c, "1"), "mia")
		require.NoError(t, err)
		require.Len(t, r.Names(t), 2)
		require.EqualValues(t, 2, commands(), "one opened it")
		again, err := s.Assign(ctx, by(mia, c, "2"), "mia")
		require.NoError(t, err)
		require.Equal(t, assigned, again)
		_, err = s.Assign(ctx, by(mia, c, "1"), "leo")
		refused(t, support.KeyReused, err)
		require.EqualValues(t, 2, commands())

		closed, err := s.Close(ctx, by(ada, c, "3"))
		require.NoError(t, err)
		require.Len(t, r.Names(t), 1)
		for _, a := range []support.Author{ada, mia} {
			for i := range 3 {
				again, err := s.Close(ctx, by(a, c, strconv.Itoa(10+i)))
				require.NoError(t, err)
				require.Equal(t, closed, again)
			}
		}
		require.EqualValues(t, 3, commands())
		require.Empty(t, r.Names(t))
		got, err := s.Get(ctx, c.ID, "")
		require.NoError(t, err)
		require.Equal(t, closed, got)
	})
}

func TestACaseIsOfItsOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, _ *told.Reader, _ *gorm.DB) {
		ctx := t.Context()
		foreign := by(ada, c, "1")
		foreign.Order = "order-2"
		_, err := s.Get(ctx, c.ID, "order-2")
		refused(t, fault.NotFound, err)
		_, err = s.Answer(ctx, foreign, "Mine now.")
		refused(t, fault.NotFound, err)
		_, err = s.Close(ctx, foreign)
		refused(t, fault.NotFound, err)
		foreign.Order = ""
		_, err = s.Close(ctx, foreign)
		refused(t, fault.Invalid, err) // only support names no order
		same, err := s.Get(ctx, c.ID, "order-1")
		require.NoError(t, err)
		require.Equal(t, c, same)
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, first support.Case, _ *told.Reader, _ *gorm.DB) {
		ctx := t.Context()
		ids := []string{first.ID}
		for i := range 3 {
			c, err := s.Open(ctx, opening("order-"+strconv.Itoa(i), "other"))
			require.NoError(t, err)
			ids = append(ids, c.ID)
		}
		_, err := s.Assign(ctx, support.Command{Case: ids[2], Key: "a", Author: mia}, "mia")
		require.NoError(t, err)
		_, err = s.Answer(ctx, support.Command{Case: ids[2], Key: "b", Author: mia}, "Hello")
		require.NoError(t, err)
		list := func(f support.Filter) (found []string) {
			all, err := s.List(ctx, f)
			require.NoError(t, err)
			for _, c := range all {
				require.Empty(t, c.Messages)
				found = append(found, c.ID)
			}
			return found
		}
		require.Equal(t, ids, list(support.Filter{Limit: 4}))
		require.Equal(t, ids[1:3], list(support.Filter{Limit: 2, After: ids[0]}))
		require.Equal(t, []string{ids[2]}, list(support.Filter{Limit: 9, Assignee: "mia"}))
		require.Equal(t, []string{ids[2]}, list(support.Filter{Limit: 9, State: support.Answered}))
		require.Equal(t, ids[3:], list(support.Filter{Limit: 9, State: support.Open, After: ids[1]}))
		require.Empty(t, list(support.Filter{Limit: 9, State: support.Open, Assignee: "mia"}))
		for _, f := range []support.Filter{
			{},
			{Limit: support.MaxPage + 1},
			{Limit: 1, State: "lost"},
			{Limit: 1, After: "x"},
			{Limit: 1, After: strings.ToUpper(ids[0])},
			{Limit: 1, After: "\x00"},
			{Limit: 1, Assignee: "\x00"},
			{Limit: 1, Assignee: "\xff"},
		} {
			_, err := s.List(ctx, f)
			refused(t, fault.Invalid, err)
		}

		of, err := s.OfOrder(ctx, "order-1")
		require.NoError(t, err)
		require.Len(t, of, 2)
		require.Equal(t, []string{ids[2], first.ID}, []string{of[0].ID, of[1].ID})
		none, err := s.OfOrder(ctx, "order-9")
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

func TestAnOrderHasABoundedNumberOfCases(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, _ *told.Reader, _ *gorm.DB) {
		ctx := t.Context()
		for i := range support.MaxCases - 1 {
			_, err := s.Close(ctx, by(ada, c, "close"))
			require.NoError(t, err)
			c, err = s.Open(ctx, opening("order-1", strconv.Itoa(i)))
			require.NoError(t, err)
		}
		_, err := s.Close(ctx, by(ada, c, "close"))
		require.NoError(t, err)
		_, err = s.Open(ctx, opening("order-1", "one more"))
		refused(t, support.TooManyCases, err)
		_, err = s.Open(ctx, opening("order-1", "0"))
		require.NoError(t, err, "a repeat opens none")
		_, err = s.Open(ctx, opening("order-2", "one more"))
		require.NoError(t, err)
	})
}

// atOnce runs f n times at the same time and returns its errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

func TestRaces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, c support.Case, r *told.Reader, _ *gorm.DB) {
		ctx := t.Context()

		// Of answers and a close at the same time, those before the close are kept.
		errs := atOnce(20, func(i int) error {
			if i == 10 {
				_, err := s.Close(ctx, by(mia, c, "close"))
				return err
			}
			_, err := s.Answer(ctx, by(ada, c, strconv.Itoa(i)), "Answer "+strconv.Itoa(i))
			return err
		})
		require.NoError(t, errs[10])
		kept := 0
		for i, err := range errs {
			if i != 10 && err == nil {
				kept++
			} else if err != nil {
				refused(t, support.CaseClosed, err)
			}
		}
		got, err := s.Get(ctx, c.ID, "")
		require.NoError(t, err)
		require.Equal(t, support.Closed, got.State)
		require.Len(t, got.Messages, 1+kept)
		require.Len(t, r.Names(t), 1+kept+1)

		// One key is one case, and no more cases are open than may be.
		ids := sync.Map{}
		errs = atOnce(20, func(i int) error {
			c, err := s.Open(ctx, opening("order-2", "key "+strconv.Itoa(i%10)))
			if err == nil {
				ids.Store(c.ID, true)
			}
			return err
		})
		of, err := s.OfOrder(ctx, "order-2")
		require.NoError(t, err)
		require.Len(t, of, support.MaxOpen)
		for _, c := range of {
			_, known := ids.Load(c.ID)
			require.True(t, known)
		}
		fine := 0
		for _, err := range errs {
			if err != nil {
				refused(t, support.TooManyCases, err)
				continue
			}
			fine++
		}
		require.Equal(t, 2*support.MaxOpen, fine, "each key was used twice")
	})
}
