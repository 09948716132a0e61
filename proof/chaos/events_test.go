package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventsAreComparedWithTheStream(t *testing.T) {
	t.Parallel()
	event := func(id, key, content string) told {
		return told{id: id, kind: "amends.inventory.reserved.v1", key: key, content: content}
	}
	a, b, c := event("a", "k", "1"), event("b", "k", "2"), event("c", "l", "3")
	for name, tc := range map[string]struct {
		outboxes, stream []told
		wrong            string // empty: nothing is
	}{
		"Equal":               {[]told{a, b, c}, []told{a, c, b}, ""},
		"ARepeat":             {[]told{a, b, c}, []told{a, b, c, a, b}, ""},
		"ALostEvent":          {[]told{a, b}, []told{a}, "b (amends.inventory.reserved.v1) of k is told, and is not in the stream"},
		"AnEventOfNobody":     {[]told{a}, []told{a, c}, "c (amends.inventory.reserved.v1) of l is in the stream, and in no outbox"},
		"AnotherOrder":        {[]told{a, b}, []told{b, a}, "the events of inventory k are in another order"},
		"OneResultOfTwo":      {[]told{a, event("b", "k", "1")}, []told{a, b}, "b (amends.inventory.reserved.v1) of k is told by 2 events"},
		"AResultToldAnew":     {[]told{a, {id: "b", kind: a.kind, key: "k", content: "1", styled: true}}, []told{a, b}, ""},
		"AKeyOfAnotherTeller": {[]told{a, {id: "d", kind: "amends.payment.captured.v1", key: "k", content: "4"}}, []told{{id: "d", kind: "amends.payment.captured.v1", key: "k"}, a}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e events
			e.compare(tc.outboxes, tc.stream)
			if tc.wrong == "" {
				require.Empty(t, e.wrong)
				return
			}
			require.Len(t, e.wrong, 1)
			require.Contains(t, e.wrong[0], tc.wrong)
		})
	}
}
