package header

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseIdempotencyKey(t *testing.T) {
	t.Parallel()

	for in, want := range map[string]string{
		"k": "k", `"k"`: "k", "a,b;c=d": "a,b;c=d", `a"b`: `a"b`, `a\b`: `a\b`, `"a\"b\\"`: `a"b\`, "%41": "%41",
		strings.Repeat("k", 255): strings.Repeat("k", 255), `"` + strings.Repeat("k", 255) + `"`: strings.Repeat("k", 255),
	} {
		got, ok := parseKey(in)
		require.True(t, ok, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{
		"", `""`, `"`, `"k`, `"k"x`, `"k";a=b`, `"\k"`, `"k\`, `"k\"`, " k", "a b", "k\t", "k\x00", "k\x7f", "ключ", "🔑",
		strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`,
	} {
		_, ok := parseKey(in)
		require.False(t, ok, in)
	}
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, seed := range []string{"k", `"k"`, `"a\"b\\"`, "", `""`, `"`, `"k"x`, "a b", "🔑", "k\x00", strings.Repeat("k", 256)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		key, ok := parseKey(in)
		if !ok {
			require.Empty(t, key)
			return
		}
		require.NotEmpty(t, key)
		require.LessOrEqual(t, len(key), maxKey)
		require.Empty(t, strings.Trim(key, visible), "only visible ASCII")
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		again, ok := parseKey(quoted)
		require.True(t, ok)
		require.Equal(t, key, again, "bare and quoted are the same key")
	})
}

var visible = func() string {
	var b strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		b.WriteByte(c)
	}
	return b.String()
}()
