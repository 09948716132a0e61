package builds

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
)

func TestAnOlderBuildGoesWhenNothingNeedsIt(t *testing.T) {
	t.Parallel()
	const this, old = "v0.2.0", "v0.1.0"
	both := map[string][]string{this: {"amends-order", "order"}, old: {"order"}}
	running := []saga{{builds: []string{old}}, {builds: []string{old, this}}, {}}

	for name, tc := range map[string]struct {
		polls map[string][]string
		sagas []saga
		trial trial
		want  Report
	}{
		"ItsSagasReplay": {both, running, trial{}, Report{this, []Build{
			{this, both[this], 1, false, []string{}},
			{old, both[old], 1, true, []string{}},
		}, 1}},
		"ASagaDoesNotReplay": {both, running, trial{failed: map[string][]string{old: {"order-2", "order-1"}}}, Report{this, []Build{
			{this, both[this], 1, false, []string{}},
			{old, both[old], 1, false, []string{"2 of its sagas do not replay on this build, such as order-1"}},
		}, 1}},
		"ASagaWasNotTried": {both, nil, trial{untried: map[string]int{old: 3}}, Report{this, []Build{
			{this, both[this], 0, false, []string{}},
			{old, both[old], 0, false, []string{"3 of its sagas have not been replayed: raise --most"}},
		}, 0}},
		"ItAlonePolls": {map[string][]string{this: {"amends-order", "order"}, old: {"order", "payment"}}, nil, trial{}, Report{this, []Build{
			{this, both[this], 0, false, []string{}},
			{old, []string{"order", "payment"}, 0, false, []string{"this build does not poll payment"}},
		}, 0}},
		"ThisOneDoesNotRunYet": {map[string][]string{old: {"order"}}, nil, trial{}, Report{this, []Build{
			{this, []string{}, 0, false, []string{}},
			{old, []string{"order"}, 0, false, []string{"this build does not poll order"}},
		}, 0}},
		"ItIsGone": {map[string][]string{this: {"order"}}, []saga{{builds: []string{old}}}, trial{}, Report{this, []Build{
			{this, []string{"order"}, 0, false, []string{}},
			{old, []string{}, 1, true, []string{}},
		}, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, judge(this, tc.polls, tc.sagas, tc.trial))
		})
	}
}

func TestTheBuildsOfASagaAreInTheOrderInWhichTheyJoined(t *testing.T) {
	t.Parallel()
	kept, err := converter.GetDefaultDataConverter().ToPayload([]string{"unversioned", "unversioned:b", "unversioned:a"})
	require.NoError(t, err)
	info := &workflowpb.WorkflowExecutionInfo{
		Execution:        &commonpb.WorkflowExecution{WorkflowId: "order-1", RunId: "run"},
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{attribute: kept}},
	}
	s, err := read(info)
	require.NoError(t, err)
	require.Equal(t, saga{"order-1", "run", []string{"b", "a"}}, s)
	require.Equal(t, "a", s.last())

	s, err = read(&workflowpb.WorkflowExecutionInfo{})
	require.NoError(t, err)
	require.Empty(t, s.last())

	info.SearchAttributes.IndexedFields[attribute] = &commonpb.Payload{Data: []byte("?")}
	_, err = read(info)
	require.ErrorContains(t, err, "the builds of order-1: ")
}
