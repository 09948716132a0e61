package state

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextsAreEqualUpToNamesAndTheMachinesTimes(t *testing.T) {
	t.Parallel()

	const a, b, c = "01981111-1111-7111-8111-111111111111", "01982222-2222-7222-8222-222222222222", "SIM-01983333-3333-7333-8333-333333333333"
	read := func(text string) string {
		var out bytes.Buffer
		n := NewAliases("2026-05-01")
		n.Write(&out, []byte(text))
		return out.String()
	}
	for _, same := range [][2]string{
		{a + "," + b + "," + a, b + "," + a + "," + b},
		{`{"id":"` + a + `"}`, `{"id":"` + b + `"}`},
		{c, "SIM-" + a},
		{"at 2026-05-01T10:00:00Z", "at 2027-01-01T10:00:00.123456Z"},
		{"at 2026-05-01 10:00:00.5+00:00,1", "at 2026-05-02 11:00:01+02:00,1"},
	} {
		require.Equal(t, read(same[0]), read(same[1]))
	}
	for _, differ := range [][2]string{
		{a + "," + b + "," + a, a + "," + b + "," + b},
		{a + ",1", a + ",2"},
		{a, "0"},
		{"2001-01-01T10:00:00Z", "2001-01-01T10:00:01Z"},
		{"2026-05-01T10:00:00Z", ""},
		{"2026-05-01T10:00:00Z1", "2026-05-01T10:00:00Z2"},
		{"0-0-0-0", "0-0-0-1"},
	} {
		require.NotEqual(t, read(differ[0]), read(differ[1]))
	}
}
