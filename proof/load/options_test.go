package load

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
)

// newPlan is the body of a key's order; its seed is 0.
func newPlan(t *testing.T, key string) client.PlaceOrder {
	t.Helper()
	for n := range 1000 {
		if p := (Options{}).withDefaults().plan(key[5:15], n); p.key == key {
			return p.body
		}
	}
	require.Fail(t, "no plan has the key", key)
	return client.PlaceOrder{}
}

func TestOptionsNameEveryProblem(t *testing.T) {
	t.Parallel()
	good := Options{BaseURL: "http://127.0.0.1:8080", Orders: 1, Concurrency: 1}
	require.NoError(t, good.Validate())
	require.NoError(t, good.withDefaults().Validate())

	err := Options{
		BaseURL: "127.0.0.1:8080", Orders: 1, Duration: time.Second, Rate: math.NaN(), Until: "later", Sample: 2,
		Mix: Mix{"free": 1, Slow: 101}, Hot: &Hot{Left: -1}, Wait: -1, Browse: -1,
	}.Validate()
	for _, problem := range []string{
		"url: must be http://host:port", "orders, duration: give exactly one", "rate: must be positive", `until: must be decided or acknowledged, is "later"`,
		"sample: must be 0 to 1, is 2", `mix: there is no kind "free", only declined, out_of_stock, `, "mix: slow must be 0 to 100 per cent, is 101",
		"hot-item: must be a SKU", "hot-left: must be at least 0, is -1", "mix: must have no kinds with hot-item", "wait: must be positive", "browse: must be positive, is -1",
	} {
		require.ErrorContains(t, err, problem)
	}
	require.ErrorContains(t, Options{BaseURL: "http://a", Orders: 1, Concurrency: 1, Rate: 1}.Validate(), "concurrency, rate: give exactly one")
	require.ErrorContains(t, Options{BaseURL: "http://a"}.Validate(), "orders, duration: give exactly one")
}

func TestMix(t *testing.T) {
	t.Parallel()

	t.Run("IsReadAsItIsWritten", func(t *testing.T) {
		t.Parallel()
		m, err := ParseMix(" declined=5, slow=0.5,duplicate=7")
		require.NoError(t, err)
		require.Equal(t, Mix{Declined: 5, Slow: 0.5, Duplicate: 7}, m)
		require.Equal(t, "declined=5,slow=0.5,duplicate=7", m.String())
		m, err = ParseMix("")
		require.NoError(t, err)
		require.Empty(t, m)
		m, err = ParseMix(DefaultMix().String())
		require.NoError(t, err)
		require.Equal(t, DefaultMix(), m)
	})

	t.Run("HasAStyleBesideTheKinds", func(t *testing.T) {
		t.Parallel()
		m, err := ParseMix("choreographed=25,declined=60,cancelled=40")
		require.NoError(t, err, "no kind, and so no part of the sum")
		again, err := ParseMix(m.String())
		require.NoError(t, err)
		require.Equal(t, m, again)
		_, err = ParseMix("choreographed=101")
		require.ErrorContains(t, err, "choreographed must be 0 to 100 per cent")
		require.NoError(t, Options{BaseURL: "http://a", Orders: 1, Concurrency: 1, Until: UntilDecided, Mix: Mix{Choreographed: 50}, Hot: &Hot{SKU: "a"}}.Validate())

		o := Options{Seed: 7, Mix: m}.withDefaults()
		plain := o
		plain.Mix = Mix{Declined: 60, Cancelled: 40}
		count := map[Kind]float64{}
		for n := range 20_000 {
			p := o.plan("run", n)
			if p.body.Style == "choreographed" {
				count[p.kind] += 100.0 / 20_000
			} else {
				require.EqualValues(t, "orchestrated", p.body.Style)
			}
			p.body.Style = ""
			require.Equal(t, plain.plan("run", n), p, "the style changes nothing else")
		}
		require.InDelta(t, 15, count[Declined], 0.6)
		require.InDelta(t, 10, count[Cancelled], 0.6)
	})

	t.Run("IsRefusedWithEveryProblem", func(t *testing.T) {
		t.Parallel()
		for text, problem := range map[string]string{
			"declined":                   `"declined" is not KIND=PERCENT`,
			"declined=x":                 `"declined=x" is not KIND=PERCENT`,
			"declined=-1":                "declined must be 0 to 100 per cent, is -1",
			"declined=NaN":               "declined must be 0 to 100 per cent",
			"declined=1,declined=2":      "declined is given twice",
			"plain=5":                    `there is no kind "plain"`,
			"declined=60,cancelled=60":   "must be at most 100 per cent together, is 120",
			"declined=50.5,cancelled=50": "must be at most 100 per cent together",
		} {
			_, err := ParseMix(text)
			require.ErrorContains(t, err, problem, text)
		}
	})

	t.Run("IsWhatIsPlaced", func(t *testing.T) {
		t.Parallel()
		o := Options{Seed: 7, Mix: DefaultMix()}.withDefaults()
		count := map[Kind]float64{}
		for n := range 20_000 {
			count[o.plan("run", n).kind] += 100.0 / 20_000
		}
		for kind, percent := range o.Mix {
			require.InDelta(t, percent, count[kind], 0.6, kind)
		}
		require.InDelta(t, 79, count[Plain], 1)
	})
}

func TestTheSeedDeterminesEveryOrder(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 42, Mix: DefaultMix(), Sample: 0.5}.withDefaults()
	other := o
	other.Seed = 43
	different := 0
	for n := range 200 {
		p := o.plan("run", n)
		require.Equal(t, p, o.plan("run", n))
		again := o.plan("another", n)
		require.NotEqual(t, p.key, again.key, "a repeat places new orders")
		require.Equal(t, p.body, again.body)
		if p.kind != other.plan("run", n).kind {
			different++
		}
	}
	require.Positive(t, different)

	without := o
	without.Mix = nil
	for n := range 200 {
		if p := o.plan("run", n); p.kind == Duplicate || p.kind == Cancelled {
			require.Equal(t, p.body, without.plan("run", n).body, "the mix does not change what is bought")
		}
	}
}
