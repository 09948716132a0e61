package keep_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/route"
)

const content = `
upstreams: {monolith: [http://127.0.0.1:9901]}
routes:
  - {name: orders, match: [/v1/orders], upstream: monolith}
`

func write(t *testing.T, text string) keep.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "routes.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return keep.At(path)
}

func TestUpdate(t *testing.T) {
	t.Parallel()

	t.Run("KeepsTheChangeAndItsReason", func(t *testing.T) {
		t.Parallel()
		f := write(t, content)
		entry := keep.Change{
			At: time.Unix(1_800_000_000, 0).UTC(), Route: "orders", By: "night", Reason: "a try", Forced: true,
			Differences: []route.Difference{{Field: "mode", Before: "legacy", After: "canary"}},
		}
		_, err := f.Update(func(file route.File) (route.File, *keep.Change, error) {
			r, _ := file.Find("orders")
			r.Mode, r.Percent = route.Canary, 10
			return file.With(r), &entry, nil
		})
		require.NoError(t, err)
		text, err := f.Read()
		require.NoError(t, err)
		now, err := route.Read(text)
		require.NoError(t, err)
		require.Equal(t, route.Canary, now.Routes[0].Mode)
		all, err := f.Changes(10)
		require.NoError(t, err)
		require.Equal(t, []keep.Change{entry}, all)
	})

	t.Run("ChangesNothingWithoutAnEntryOrWithAnError", func(t *testing.T) {
		t.Parallel()
		f := write(t, content)
		for _, failed := range []error{nil, errors.New("the gate")} {
			_, err := f.Update(func(route.File) (route.File, *keep.Change, error) { return route.File{}, nil, failed })
			require.ErrorIs(t, err, failed)
			text, err := f.Read()
			require.NoError(t, err)
			require.Equal(t, content, string(text))
		}
		all, err := f.Changes(10)
		require.NoError(t, err)
		require.Empty(t, all)
	})

	t.Run("RefusesAFileThatCannotBeUsed", func(t *testing.T) {
		t.Parallel()
		_, err := write(t, "routes: [").Update(nil)
		require.ErrorContains(t, err, "routes.yaml: read the routes")
	})

	t.Run("LosesNoneOfManyAtOnce", func(t *testing.T) {
		t.Parallel()
		f := write(t, content)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				_, err := f.Update(func(file route.File) (route.File, *keep.Change, error) {
					r := route.New()
					r.Name, r.Match, r.Upstream = fmt.Sprintf("r%d", i), []string{fmt.Sprintf("/r%d", i)}, "monolith"
					return file.With(r), &keep.Change{Route: r.Name}, nil
				})
				require.NoError(t, err)
			})
		}
		all.Wait()
		text, err := f.Read()
		require.NoError(t, err)
		now, err := route.Read(text)
		require.NoError(t, err)
		require.Len(t, now.Routes, 51)
		changes, err := f.Changes(20)
		require.NoError(t, err)
		require.Len(t, changes, 20)
		left, err := filepath.Glob(f.Path() + ".*")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{f.Path() + ".lock", f.Path() + ".changes"}, left)
	})

	t.Run("ReadsAJournalWhoseLastLineWasCutOff", func(t *testing.T) {
		t.Parallel()
		f := write(t, content)
		require.NoError(t, os.WriteFile(f.Path()+".changes", []byte(`{"route":"a"}`+"\n"+`{"route":"b"}`+"\n"+`{"rou`), 0o600))
		all, err := f.Changes(10)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, "b", all[0].Route)
	})
}
