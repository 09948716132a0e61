package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/load"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dev := startDev(t, dir)
	at := strings.TrimPrefix(dev.api, "http://")

	t.Run("FindsThePlatformByItsAddress", func(t *testing.T) {
		t.Parallel()
		p := start(t, []string{"AMENDS_HTTP_ADDR=" + at}, "load", "--orders", "12", "--concurrency", "4", "--mix", "declined=30,duplicate=30")
		require.NoError(t, p.wait(t))
		for _, words := range []string{" on " + dev.api, "12, ", "CONFIRMED", "PAYMENT_DECLINED", "POST to acknowledgement", "as the client saw it"} {
			require.Contains(t, p.out.String(), words)
		}
		require.Contains(t, p.err.String(), "done: 12 placed, 12 acknowledged, 12 decided, 12 checked")
		require.NotContains(t, p.err.String(), "\x1b", "no terminal, no control sequences")
	})

	t.Run("PrintsJSONAndNothingElse", func(t *testing.T) {
		t.Parallel()
		p := start(t, nil, "load", "--url", dev.api, "--rate", "20", "--duration", "500ms", "--until", "acknowledged", "--json")
		require.NoError(t, p.wait(t))
		require.Empty(t, p.err.String())
		var r load.Report
		require.NoError(t, json.Unmarshal([]byte(p.out.String()), &r))
		require.Equal(t, 10, r.Placed)
		require.Equal(t, 10, r.Decided)
		require.Equal(t, load.DefaultMix(), r.Mix)
		require.EqualValues(t, 10, r.Recorded.Count)
	})

	t.Run("SellsTheDemosLimitedItemExactly", func(t *testing.T) {
		t.Parallel()
		p := start(t, nil, "load", "--url", dev.api, "--orders", "15", "--hot-item", "TEAPOT-LIMITED", "--hot-left", "10")
		require.NoError(t, p.wait(t), p.out)
		require.Contains(t, p.out.String(), "OUT_OF_STOCK")

		// No unit is left, so a wrong --hot-left is reported.
		p = start(t, nil, "load", "--url", dev.api, "--orders", "2", "--hot-item", "TEAPOT-LIMITED", "--hot-left", "1")
		require.ErrorContains(t, p.wait(t), "undersold: 0 of TEAPOT-LIMITED confirmed, 1 were left, 2 orders wanted one")
		require.Contains(t, p.out.String(), "undersold")
	})

	t.Run("SaysWhenItIsNotTheAPIThatIsThere", func(t *testing.T) {
		t.Parallel()
		other := httptest.NewServer(http.NotFoundHandler())
		defer other.Close()
		_, err := once(t, nil, "load", "--url", other.URL)
		require.EqualError(t, err, "load: the platform at "+other.URL+"/ cannot serve orders: readyz answers 404; if its API is elsewhere, say so with --url")
	})

	t.Run("FailsAndNamesEveryOrderThatEndedOtherwise", func(t *testing.T) {
		t.Parallel()
		p := start(t, nil, "load", "--url", dev.api, "--orders", "2", "--mix", "", "--sku", "TEA-SOLD-OUT")
		err := p.wait(t)
		require.Len(t, strings.Split(err.Error(), "\n"), 2)
		require.Regexp(t, `^wrong: order [0-9a-f-]{36}: plain: is CANCELLED OUT_OF_STOCK, and must be CONFIRMED`, err.Error())
	})
}

func TestLoadRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"running at http://127.0.0.1:1/? If it is elsewhere, say so with --url": {"--url", "http://127.0.0.1:1"},
		"orders: must be positive, is 0":                                        {"--orders", "0"},
		"duration: must be positive, is 0":                                      {"--duration", "0s"},
		"concurrency: must be positive, is 0":                                   {"--concurrency", "0"},
		"rate: must be positive, is 0":                                          {"--rate", "0.0"},
		"url: must be http://host:port":                                         {"--url", "here"},
		"orders, duration: give exactly one":                                    {"--orders", "1", "--duration", "1s"},
		"concurrency, rate: give exactly one":                                   {"--concurrency", "1", "--rate", "1"},
		"orders: must be at least 1":                                            {"--orders", "-1"},
		`mix: there is no kind "free"`:                                          {"--mix", "free=1"},
		"hot-item, hot-left: give both or none":                                 {"--hot-item", "A"},
		"mix: must have no kinds with hot-item":                                 {"--hot-item", "A", "--hot-left", "1", "--mix", "slow=1"},
		`until: must be decided or acknowledged, is`:                            {"--until", "later"},
	} {
		out, err := once(t, nil, append([]string{"load"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Empty(t, out)
	}
}
