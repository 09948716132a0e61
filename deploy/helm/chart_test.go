package helm

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files")

var sets = []string{"default", "production", "mesh"}

// callers returns the callers of every service, from the table.
func callers(t *testing.T) (all map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("amends/files/callers.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, &all))
	return all
}

// each runs a test for every set of values.
func each(t *testing.T, test func(t *testing.T, set string, r rendered)) {
	t.Helper()
	for _, set := range sets {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			test(t, set, render(t, set))
		})
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, set string, r rendered) {
		t.Helper()
		path := filepath.Join("testdata/golden", set+".yaml")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(r.text), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), r.text, "go test . -update, and look at the difference")
	})
}

func TestEveryProcessIsThere(t *testing.T) {
	t.Parallel()
	names := append(sorted(callers(t)), "api")
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		require.Len(t, of[*appsv1.Deployment](r), len(names))
		for _, name := range names {
			for _, kind := range []string{"Deployment", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Service"} {
				require.Contains(t, r.objects, kind+"/amends-"+name)
			}
			d := of[*appsv1.Deployment](r)["amends-"+name]
			want := []string{"worker", name}
			if name == "api" {
				want = []string{"api"}
			}
			require.Equal(t, want, d.Spec.Template.Spec.Containers[0].Args)
			require.Equal(t, "amends-"+name, d.Spec.Template.Spec.ServiceAccountName)
		}
	})
}

func TestPodsHaveNoPrivileges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		pods := map[string]corev1.PodSpec{"migrate": of[*batchv1.Job](r)["amends-migrate"].Spec.Template.Spec}
		for name, d := range of[*appsv1.Deployment](r) {
			pods[name] = d.Spec.Template.Spec
		}
		for name, pod := range pods {
			require.False(t, *pod.AutomountServiceAccountToken, name)
			require.True(t, *pod.SecurityContext.RunAsNonRoot, name)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
			for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
				require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
				require.False(t, *c.SecurityContext.AllowPrivilegeEscalation, name)
				require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
				require.NotContains(t, c.Image, ":latest")
				require.False(t, c.Resources.Limits.Memory().IsZero(), name)
				require.False(t, c.Resources.Requests.Cpu().IsZero(), name)
				for _, e := range c.Env {
					require.NotRegexp(t, `PASSWORD|SECRET|TOKEN|DSN`, e.Name, "secrets come by file")
				}
			}
		}
	})
}

func TestRollingUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		for name, d := range of[*appsv1.Deployment](r) {
			pod, c := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
			require.Equal(t, 0, d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(), name)
			stop := c.Lifecycle.PreStop.Sleep.Seconds
			require.Positive(t, stop, name)
			require.GreaterOrEqual(t, *pod.TerminationGracePeriodSeconds, stop+2+20, "%s: lame duck and drain", name)
			require.Equal(t, "/readyz", c.ReadinessProbe.HTTPGet.Path, name)
			require.Equal(t, "/healthz", c.LivenessProbe.HTTPGet.Path, "%s: the engine's outage must restart no process", name)
			require.Equal(t, "/healthz", c.StartupProbe.HTTPGet.Path, name)
			require.Len(t, pod.TopologySpreadConstraints, 2, name)
			for _, spread := range pod.TopologySpreadConstraints {
				require.Equal(t, d.Spec.Selector.MatchLabels, spread.LabelSelector.MatchLabels, name)
			}
			budget := of[*policyv1.PodDisruptionBudget](r)[name]
			require.Equal(t, d.Spec.Selector.MatchLabels, budget.Spec.Selector.MatchLabels)
			require.Equal(t, 1, budget.Spec.MaxUnavailable.IntValue())
		}
	})
}

func TestReferencesResolve(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, set string, r rendered) {
		t.Helper()
		config := of[*corev1.ConfigMap](r)["amends"].Data
		for name, d := range of[*appsv1.Deployment](r) {
			pod, process := d.Spec.Template.Spec, strings.TrimPrefix(name, "amends-")
			require.Equal(t, "amends", pod.Containers[0].EnvFrom[0].ConfigMapRef.Name)
			require.Equal(t, name, pod.Volumes[0].Secret.SecretName)
			mounts := map[string]string{}
			for _, m := range pod.Containers[0].VolumeMounts {
				mounts[m.Name] = m.MountPath
			}
			require.Equal(t, config["AMENDS_CONFIG"], mounts["secrets"]+"/settings.yaml")
			if set != "mesh" {
				require.Equal(t, config["AMENDS_IDENTITY_CERT"], mounts["identity"]+"/tls.crt")
				issued := of[*certificate](r)[name]
				require.Equal(t, pod.Volumes[1].Secret.SecretName, issued.Spec.SecretName)
				require.Equal(t, []string{"spiffe://amends/" + config["AMENDS_IDENTITY_ENV"] + "/" + process}, issued.Spec.URIs)
			}
			if process == "api" {
				continue
			}
			service := of[*corev1.Service](r)[name]
			require.Equal(t, d.Spec.Selector.MatchLabels, service.Spec.Selector)
			require.Equal(t, set != "mesh", service.Spec.ClusterIP == "None", "gRPC balances by itself, or the mesh does")
			require.Equal(t, "dns:///"+name+".amends.svc:7080", config["AMENDS_SERVICES_"+strings.ToUpper(process)+"_TARGET"])
		}
		require.Equal(t, set == "mesh", config["AMENDS_RPC_RETRIES"] == "false", "two layers that repeat multiply")
		require.Equal(t, set == "mesh", len(of[*certificate](r)) == 0)
	})
}

func TestAutoscalingIsOffUnlessAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, set string, r rendered) {
		t.Helper()
		scaled := of[*autoscalingv2.HorizontalPodAutoscaler](r)
		if set != "production" {
			require.Empty(t, scaled)
			return
		}
		require.Equal(t, []string{"amends-api"}, sorted(scaled))
		require.Nil(t, of[*appsv1.Deployment](r)["amends-api"].Spec.Replicas, "an upgrade would undo the scaling")
		require.EqualValues(t, 4, *of[*appsv1.Deployment](r)["amends-order"].Spec.Replicas)
	})
}

// TestNetworkPoliciesAreTheTable: who reaches the port of calls, and what each reaches.
func TestNetworkPoliciesAreTheTable(t *testing.T) {
	t.Parallel()
	table := callers(t)
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		policies := of[*networkingv1.NetworkPolicy](r)
		require.Len(t, policies, len(table)+1)
		for service, from := range table {
			require.ElementsMatch(t, from, peers(t, policies["amends-"+service].Spec.Ingress, "rpc"), service)
		}
		for process, p := range policies {
			process = strings.TrimPrefix(process, "amends-")
			require.ElementsMatch(t, []networkingv1.PolicyType{"Ingress", "Egress"}, p.Spec.PolicyTypes)
			var want, reached []string
			for service, from := range table {
				if slices.Contains(from, process) {
					want = append(want, service)
				}
			}
			for _, rule := range p.Spec.Egress {
				if rule.Ports[0].Port.IntValue() == 7080 {
					reached = append(reached, components(t, rule.To)...)
				}
				if rule.Ports[0].Port.IntValue() == 5432 {
					require.NotEqual(t, "api", process, "the API has no database")
				}
			}
			require.ElementsMatch(t, want, reached, process)
		}
	})
}

// peers returns the components that may reach a port.
func peers(t *testing.T, rules []networkingv1.NetworkPolicyIngressRule, port string) (all []string) {
	t.Helper()
	for _, rule := range rules {
		require.NotEmpty(t, rule.Ports, "every port")
		if rule.Ports[0].Port.StrVal == port {
			require.NotEmpty(t, rule.From, "%s is open to all", port)
			all = append(all, components(t, rule.From)...)
		}
	}
	return all
}

func components(t *testing.T, peers []networkingv1.NetworkPolicyPeer) (all []string) {
	t.Helper()
	for _, peer := range peers {
		require.Nil(t, peer.NamespaceSelector)
		require.Nil(t, peer.IPBlock)
		labels := peer.PodSelector.MatchLabels
		require.Equal(t, "amends", labels["app.kubernetes.io/instance"])
		all = append(all, labels["app.kubernetes.io/component"])
	}
	return all
}

func TestMigrationsRunBeforeTheRelease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		job := of[*batchv1.Job](r)["amends-migrate"]
		require.Equal(t, "pre-install,pre-upgrade", job.Annotations["helm.sh/hook"])
		pod := job.Spec.Template.Spec
		require.Equal(t, []string{"migrate", "--all"}, pod.InitContainers[0].Args)
		require.Equal(t, []string{"migrate", "temporal"}, pod.Containers[0].Args)
		require.Empty(t, pod.Containers[0].EnvFrom, "nothing of the release exists yet")
		require.Empty(t, pod.ServiceAccountName)
	})
}

func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ values, want string }{
		"MisspeltKey":        {"replica: 3", "replica"},
		"MisspeltSection":    {"processes: {order: {replcas: 3}}", "replcas"},
		"SecretAsAVariable":  {"settings: {AMENDS_BROKER_PASSWORD: x}", "AMENDS_BROKER_PASSWORD"},
		"DSNAsAVariable":     {"processes: {order: {settings: {AMENDS_SERVICES_ORDER_DSN: x}}}", "AMENDS_SERVICES_ORDER_DSN"},
		"NoPasswordInURL":    {"broker: {url: 'nats://u:p@nats:4222'}", "url"},
		"NoMutualTLS":        {"identity: {mtls: 'off'}", "mtls"},
		"ImageWithoutATag":   {"image: {tag: latest}", "tag"},
		"DigestOfAnotherSum": {"image: {digest: 'md5:0'}", "digest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var values map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(test.values), &values))
			_, err := try(load(t), values)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestMonitoringIsBehindFlags(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, set string, r rendered) {
		t.Helper()
		monitors, rules := of[*serviceMonitor](r), of[*prometheusRule](r)
		if set != "production" {
			require.Empty(t, monitors)
			require.Empty(t, rules)
			return
		}
		want, err := os.ReadFile("../observability/prometheus/alerts.yaml")
		require.NoError(t, err)
		shipped, err := os.ReadFile("amends/files/alerts.yaml")
		require.NoError(t, err)
		require.Equal(t, string(want), string(shipped), "cp deploy/observability/prometheus/alerts.yaml deploy/helm/amends/files/")
		require.NotEmpty(t, rules["amends"].Spec.Groups)
		scraped := monitors["amends"].Spec.Selector.MatchLabels
		for name := range of[*appsv1.Deployment](r) {
			if name == "amends-api" {
				name = "amends-api-admin"
			}
			service := of[*corev1.Service](r)[name]
			for key, value := range scraped {
				require.Equal(t, value, service.Labels[key], name)
			}
		}
	})
}

// TestTheAPIAnswersForTheNamesOfTheIngress: it refuses requests for any other name.
func TestTheAPIAnswersForTheNamesOfTheIngress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		for _, i := range of[*networkingv1.Ingress](r) {
			hosts := environment(of[*appsv1.Deployment](r)["amends-api"])["AMENDS_HTTP_HOSTS"]
			require.NotEmpty(t, i.Spec.Rules)
			for _, rule := range i.Spec.Rules {
				require.Contains(t, strings.Split(hosts, ","), rule.Host)
			}
		}
	})
}

// TestTheCollectorWorksBelowTheLimit: at the limit the kernel ends the process.
func TestTheCollectorWorksBelowTheLimit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		for name, d := range of[*appsv1.Deployment](r) {
			limit, err := resource.ParseQuantity(strings.TrimSuffix(environment(d)["GOMEMLIMIT"], "B")) // Go writes MiB, Kubernetes Mi
			require.NoError(t, err, name)
			most := d.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value()
			require.InDelta(t, 0.9*float64(most), float64(limit.Value()), 1<<20, name)
		}
	})
}

// TestTracesReachTheirCollector: a pod reaches only the ports of its policy.
func TestTracesReachTheirCollector(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, r rendered) {
		t.Helper()
		endpoint := of[*corev1.ConfigMap](r)["amends"].Data["OTEL_EXPORTER_OTLP_ENDPOINT"]
		if endpoint == "" {
			return
		}
		at, err := url.Parse(endpoint)
		require.NoError(t, err)
		for name, policy := range of[*networkingv1.NetworkPolicy](r) {
			reached := slices.ContainsFunc(policy.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
				return slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.String() == at.Port() })
			})
			require.True(t, reached, name)
		}
	})
}

// environment returns the variables of the process of a deployment.
func environment(d *appsv1.Deployment) map[string]string {
	all := map[string]string{}
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		all[e.Name] = e.Value
	}
	return all
}
