package alerts_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// series are the samples of every series that the alerts read, in Prometheus's text
// format. A sample that is missing is NaN.
type series struct {
	began   time.Time
	wanted  *regexp.Regexp
	samples map[string][]string
	looks   int
}

func newSeries() *series { return &series{began: time.Now(), samples: map[string][]string{}} }

// instants are metrics that tell a time. The file has them relative to its beginning,
// because the time of a test of Prometheus begins with 0.
var instants = regexp.MustCompile(`^amends_(certificate_end_seconds|\w+_timestamp_seconds)\b`)

// wanted matches the series of the metrics in the alerts.
func wanted(t *testing.T) *regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile("../../deploy/observability/prometheus/alerts.yaml")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(amends|temporal)_[a-z0-9_]+`).FindAllString(string(text), -1) {
		names[name] = true
	}
	return regexp.MustCompile(`^(` + strings.Join(slices.Sorted(maps.Keys(names)), "|") + `)(\{|$)`)
}

// add keeps the samples of one process at one look.
func (s *series) add(process, page string) {
	for line := range strings.Lines(page) {
		name, value, found := cutLast(strings.TrimSpace(line))
		if !found || strings.HasPrefix(name, "#") || !s.wanted.MatchString(name) {
			continue
		}
		if strings.Contains(name, `workflow_type="`) && !strings.Contains(name, `"PlaceOrder"`) && strings.HasPrefix(name, "temporal_") {
			continue // the alerts read those of orders only
		}
		if instants.MatchString(name) {
			value = s.since(value)
		}
		s.put(labelled(name, process), value)
	}
}

// put keeps one sample of the present look.
func (s *series) put(name, value string) {
	for len(s.samples[name]) < s.looks {
		s.samples[name] = append(s.samples[name], "_")
	}
	s.samples[name] = append(s.samples[name], value)
}

func cutLast(line string) (name, value string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// since returns an instant relative to the first look; 0 stays 0: there is none.
func (s *series) since(value string) string {
	at, err := strconv.ParseFloat(value, 64)
	if err != nil || at == 0 {
		return value
	}
	return strconv.FormatFloat(at-float64(s.began.UnixMilli())/1000, 'f', 3, 64)
}

// labelled adds the labels of Prometheus's configuration.
func labelled(name, process string) string {
	more := `instance="` + process + `:9090",job="amends",process="` + process + `"`
	if before, found := strings.CutSuffix(name, "}"); found {
		return before + "," + more + "}"
	}
	return name + "{" + more + "}"
}

func (s *series) names() []string { return slices.Sorted(maps.Keys(s.samples)) }

// values returns the samples of a series in the notation of Prometheus's tests, in which
// 3x2 is 3 3 3.
func (s *series) values(name string) string {
	all := s.samples[name]
	for len(all) < s.looks {
		all = append(all, "_")
	}
	var out []string
	for i := 0; i < len(all); {
		n := i
		for n+1 < len(all) && all[n+1] == all[i] {
			n++
		}
		switch times := n - i; {
		case all[i] == "_" && times > 0:
			out = append(out, "_x"+strconv.Itoa(times+1))
		case times > 0:
			out = append(out, all[i]+"x"+strconv.Itoa(times))
		default:
			out = append(out, all[i])
		}
		i = n + 1
	}
	return strings.Join(out, " ")
}

func TestValuesAreShort(t *testing.T) {
	t.Parallel()
	s := newSeries()
	s.wanted = regexp.MustCompile(`^a`)
	for _, page := range []string{"a 1", "a 1", "b 1", "b 1", "a 2", "a{c=\"d\"} 3"} {
		s.add("api", page)
		s.looks++
	}
	require.Equal(t, "1x1 _x2 2 _", s.values(`a{instance="api:9090",job="amends",process="api"}`))
	require.Equal(t, "_x5 3", s.values(`a{c="d",instance="api:9090",job="amends",process="api"}`))
	require.Len(t, s.names(), 2)
	require.True(t, wanted(t).MatchString(`amends_orders_stuck{cause="x"}`))
	require.False(t, wanted(t).MatchString("amends_orders_stuck_other"))
}
