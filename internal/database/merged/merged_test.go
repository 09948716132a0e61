package merged_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database/merged"
)

func TestFS(t *testing.T) {
	t.Parallel()
	one := fstest.MapFS{"1.sql": {Data: []byte("one")}}
	two := fstest.MapFS{"2.sql": {Data: []byte("two")}}

	t.Run("it has the files of all sources", func(t *testing.T) {
		t.Parallel()
		all := merged.FS{one, two}
		names, err := fs.Glob(all, "*.sql")
		require.NoError(t, err)
		require.Equal(t, []string{"1.sql", "2.sql"}, names)
		text, err := fs.ReadFile(all, "2.sql")
		require.NoError(t, err)
		require.Equal(t, "two", string(text))
	})

	t.Run("a file that no source has does not exist", func(t *testing.T) {
		t.Parallel()
		_, err := merged.FS{one, two}.Open("3.sql")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})

	t.Run("a name in two sources is an error", func(t *testing.T) {
		t.Parallel()
		_, err := merged.FS{one, two, one}.ReadDir(".")
		require.ErrorIs(t, err, fs.ErrExist)
	})
}
