package barrier_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/saga/key"
)

func TestAuditing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		ctx := t.Context()
		nothing := func(*gorm.DB) error { return nil }
		do := func(saga, step string) barrier.Key {
			k := key.New(saga, step)
			_, err := barrier.Do(ctx, db, barrier.Call{Key: k, Fingerprint: "f"}, func(*gorm.DB) (outcome, error) { return reserved, nil })
			require.NoError(t, err)
			return k
		}
		undo := func(k barrier.Key) {
			require.NoError(t, barrier.Undo(ctx, db, k, func(tx *gorm.DB, _ outcome) error { return nothing(tx) }))
		}
		do("a", "x")
		undo(do("a", "y"))
		do("b", "x")
		undo(key.New("c", "x"))
		refusal := fault.Errorf(fault.Business, outOfStock, "none is left")
		_, err := barrier.Do(ctx, db, barrier.Call{Key: key.New("d", "x"), Fingerprint: "f"}, func(*gorm.DB) (outcome, error) { return outcome{}, refusal })
		require.Equal(t, outOfStock, fault.CodeOf(err))
		require.NoError(t, db.Exec("INSERT INTO effect VALUES ('b', 'n'), ('bb', 'n'), ('z', 'n')").Error)

		all, err := barrier.Entries(ctx, db, audit.Range{})
		require.NoError(t, err)
		var got []string
		for _, s := range all {
			out, err := barrier.Answer[outcome](s)
			require.NoError(t, err)
			got = append(got, s.Key.String()+" "+string(s.State)+" "+out.Reservation)
			require.Equal(t, s.State == barrier.Done || s.State == barrier.Intent, s.Undoable())
			require.Equal(t, s.State == barrier.Done || s.State == barrier.Undone, s.Answered())
			require.False(t, s.CreatedAt.IsZero())
		}
		require.Equal(t, []string{"a/x done res_1", "a/y undone res_1", "b/x done res_1", "c/x blocked ", "d/x refused "}, got)

		for name, tc := range map[string]struct {
			r    audit.Range
			want []string
		}{
			"ARange":   {audit.Range{After: "a", To: "c"}, []string{"b/x", "c/x"}},
			"ItsEnd":   {audit.Range{After: "c"}, []string{"d/x"}},
			"ItsBegin": {audit.Range{To: "a"}, []string{"a/x", "a/y"}},
			"AList":    {audit.Range{Sagas: []string{"d", "a", "q"}, After: "x", Limit: 1}, []string{"a/x", "a/y", "d/x"}},
			"NoSaga":   {audit.Range{After: "d"}, nil},
		} {
			found, err := barrier.Entries(ctx, db, tc.r)
			require.NoError(t, err, name)
			var keys []string
			for _, s := range found {
				keys = append(keys, s.Key.String())
			}
			require.Equal(t, tc.want, keys, name)
		}

		// Pages of any size contain every saga of every table once.
		for limit := 1; limit <= 7; limit++ {
			var ends []string
			r := audit.Range{Limit: limit}
			for {
				cut, more, err := pages.Cut(ctx, db, r, "effect")
				require.NoError(t, err)
				ends = append(ends, cut.To)
				if !more {
					break
				}
				r.After = cut.To
			}
			want := []string{"a", "b", "bb", "c", "d", "z"} // every limit-th of them, then the open end
			var steps []string
			for i := limit - 1; i < len(want)-1; i += limit {
				steps = append(steps, want[i])
			}
			require.Equal(t, append(steps, ""), ends, "limit %d", limit)
		}
		cut, more, err := pages.Cut(ctx, db, audit.Range{Sagas: []string{"a", "b"}, Limit: 1}, "effect")
		require.NoError(t, err)
		require.False(t, more, "a list is never cut")
		require.Equal(t, []string{"a", "b"}, cut.Sagas)
	})
}

// A recorded answer is compared by its content, not by its spelling.
func TestAnAnswerDiffersFromTheRows(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		ctx, k := t.Context(), key.New("a", "x")
		_, err := barrier.Do(ctx, db, barrier.Call{Key: k, Fingerprint: "f"}, func(*gorm.DB) (outcome, error) { return reserved, nil })
		require.NoError(t, err)
		differs := func() string {
			all, err := barrier.Entries(ctx, db, audit.Range{Sagas: []string{"a"}})
			require.NoError(t, err)
			return barrier.Differs(all[0], reserved)
		}
		require.Empty(t, differs())
		for _, tc := range []struct{ recorded, want string }{
			{`{ "of_a_later_release": 1, "reservation": "res_1" }`, ""},
			{`{}`, ""}, // of a release that answered nothing that this one does
			{`null`, `it was answered null, the rows say {"reservation":"res_1"}`},
			{`{"reservation":"res_2"}`, `it was answered {"reservation":"res_2"}, the rows say {"reservation":"res_1"}`},
			{`{"reservation`, `it was answered {"reservation, the rows say {"reservation":"res_1"}`},
			{"", `it was answered nothing, the rows say {"reservation":"res_1"}`},
		} {
			require.NoError(t, db.Exec("UPDATE barrier SET outcome = ?", tc.recorded).Error)
			require.Equal(t, tc.want, differs(), tc.recorded)
		}
	})
}

// An answer recorded by an earlier release lacks newer fields, at any depth. The
// fields that it has must match the rows.
func TestAnAnswerIsComparedByWhatItHas(t *testing.T) {
	t.Parallel()

	type line struct {
		SKU   string `json:"sku"`
		Batch string `json:"batch"` // is new
	}
	type answer struct {
		Lines []line `json:"lines"`
		Price struct {
			Minor int64 `json:"minor"`
			Tax   int64 `json:"tax"` // is new
		} `json:"price"`
		Note string `json:"note,omitempty"`
		Paid *bool  `json:"paid,omitempty"` // is new
	}
	paid := true
	rows := answer{Lines: []line{{"MUG", "b1"}, {"KETTLE", "b2"}}, Paid: &paid}
	rows.Price.Minor, rows.Price.Tax = 1<<53+1, 190
	noted := rows
	noted.Note = "gift"

	cases := map[string]struct {
		recorded string
		rows     answer
		differs  bool
	}{
		"WithoutWhatIsNew":    {`{"lines":[{"sku":"MUG"},{"sku":"KETTLE"}],"price":{"minor":9007199254740993}}`, rows, false},
		"WithSomeOfIt":        {`{"lines":[{"sku":"MUG","batch":"b1"},{"sku":"KETTLE"}],"price":{"minor":9007199254740993}}`, rows, false},
		"WithWhatIsGone":      {`{"lines":[{"sku":"MUG"},{"sku":"KETTLE","bin":4}],"price":{"minor":9007199254740993},"carrier":{}}`, rows, false},
		"AnotherElement":      {`{"lines":[{"sku":"MUG"},{"sku":"MUG"}]}`, rows, true},
		"AnotherNewValue":     {`{"lines":[{"sku":"MUG","batch":"b2"},{"sku":"KETTLE"}]}`, rows, true},
		"ElementsSwapped":     {`{"lines":[{"sku":"KETTLE"},{"sku":"MUG"}]}`, rows, true},
		"OneElementLess":      {`{"lines":[{"sku":"MUG"}]}`, rows, true},
		"NoElements":          {`{"lines":[]}`, rows, true},
		"NullForElements":     {`{"lines":null}`, rows, true},
		"NullForAnElement":    {`{"lines":[{"sku":"MUG"},null]}`, rows, true},
		"AnotherNestedValue":  {`{"price":{"minor":9007199254740994}}`, rows, true},
		"NullForAnObject":     {`{"price":null}`, rows, true},
		"ARecordedZero":       {`{"note":"","price":{"minor":9007199254740993}}`, rows, false},
		"AZeroThatIsNoneNow":  {`{"note":""}`, noted, true},
		"AValueThatIsZeroNow": {`{"note":"gift"}`, rows, true},
		"AnotherType":         {`{"price":12}`, rows, true},
		"NoJSON":              {`{"note"`, rows, true},
		"TwoAnswers":          {`{} {}`, rows, true},
	}
	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		ctx, k := t.Context(), key.New("a", "x")
		_, err := barrier.Do(ctx, db, barrier.Call{Key: k, Fingerprint: "f"}, func(*gorm.DB) (answer, error) { return rows, nil })
		require.NoError(t, err)
		for name, tc := range cases {
			require.NoError(t, db.Exec("UPDATE barrier SET outcome = ?", tc.recorded).Error)
			all, err := barrier.Entries(ctx, db, audit.Range{})
			require.NoError(t, err)
			words := barrier.Differs(all[0], tc.rows)
			require.Equal(t, tc.differs, words != "", "%s: %s", name, words)
		}
	})
}

// A long answer is cut down to the difference: many of them go into one message.
func TestALongAnswerIsToldOfWhereItDiffers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		ctx, k, long := t.Context(), key.New("a", "x"), strings.Repeat("ü", 1000)
		_, err := barrier.Do(ctx, db, barrier.Call{Key: k, Fingerprint: "f"}, func(*gorm.DB) (outcome, error) {
			return outcome{Reservation: long + "1" + long}, nil
		})
		require.NoError(t, err)
		all, err := barrier.Entries(ctx, db, audit.Range{})
		require.NoError(t, err)
		words := barrier.Differs(all[0], outcome{Reservation: long + "2" + long})
		require.Regexp(t, `^it was answered …ü+1ü+…, the rows say …ü+2ü+…$`, words)
		require.Less(t, len(words), 700)
		words = barrier.Differs(all[0], outcome{Reservation: "2"})
		require.Regexp(t, `^it was answered \{"reservation":"ü+…, the rows say \{"reservation":"2"\}$`, words)
	})
}
