// SPDX-License-Identifier: Apache-2.0
// Workloads of the end-to-end tests: three servers behind a Service, a client that prints what it sees, a pod whose probe
// fails, one that wants more memory than it may have, and one that looks at the node.

import { stringify } from "yaml";

/** All of them as YAML; `marker` is what the Secret and the ConfigMap hold. */
export function workloads(image: string, marker: string): string {
  return [
    configMap(marker),
    secret(marker),
    servers(image),
    service(),
    client(image),
    flaky(image),
    greedy(image),
    inspector(image),
  ]
    .map((object) => stringify(object))
    .join("---\n");
}

const metadata = (name: string) => ({ name, namespace: "default", labels: { app: name } });

function deployment(name: string, replicas: number, pod: object): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(name),
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: pod },
    },
  };
}

function configMap(marker: string): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata("settings"),
    data: { "settings.txt": `configmap-${marker}` },
  };
}

function secret(marker: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata("credentials"),
    stringData: { "password.txt": `secret-${marker}` },
  };
}

function servers(image: string): object {
  const script =
    'mkdir -p /tmp/web && echo "served by $(hostname)" > /tmp/web/index.html && exec httpd -f -p 8080 -h /tmp/web';
  return deployment("web", 3, {
    containers: [
      {
        name: "web",
        image,
        command: ["sh", "-c", script],
        readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 2 },
        resources: { limits: { memory: "64Mi", cpu: "200m" } },
      },
    ],
  });
}

function service(): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("web"),
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  };
}

function client(image: string): object {
  const script = `
while true; do
  echo "file $(cat /etc/settings/settings.txt) $(cat /etc/credentials/password.txt)"
  echo "token $(wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token)"
  echo "ip $(timeout 5 wget -q -O - http://$WEB_SERVICE_HOST/)"
  echo "dns $(timeout 5 wget -q -O - http://web.default.svc.cluster.local/)"
  echo "short $(timeout 5 wget -q -O - http://web/)"
  sleep 3
done`;
  return deployment("client", 1, {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "client",
        image,
        command: ["sh", "-c", script],
        volumeMounts: [
          { name: "settings", mountPath: "/etc/settings", readOnly: true },
          { name: "credentials", mountPath: "/etc/credentials", readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: "settings", configMap: { name: "settings" } },
      { name: "credentials", secret: { secretName: "credentials" } },
    ],
  });
}

function flaky(image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata("flaky"),
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "flaky",
          image,
          command: [
            "sh",
            "-c",
            "touch /tmp/healthy; echo started; sleep 8; rm /tmp/healthy; exec sleep 600",
          ],
          livenessProbe: {
            exec: { command: ["cat", "/tmp/healthy"] },
            periodSeconds: 3,
            failureThreshold: 2,
            timeoutSeconds: 10,
          },
        },
      ],
    },
  };
}

function greedy(image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata("greedy"),
    spec: {
      restartPolicy: "Never",
      containers: [
        {
          name: "greedy",
          image,
          // Keeps the last line of something that has no end.
          command: ["tail", "/dev/zero"],
          resources: { limits: { memory: "32Mi" } },
        },
      ],
    },
  };
}

/** Prints facts of the node, each as one line `name=value`, again every ten seconds. */
function inspector(image: string): object {
  const script = `
pid=$(systemctl show --property=MainPID --value kubelet.service)
echo "argv0=$(tr '\\0' '\\n' < /proc/$pid/cmdline | head -n 1)"
echo "exe=$(readlink /proc/$pid/exe)"
echo "root=$(readlink /proc/$pid/root)"
echo "parent=$(awk '/^PPid:/ { print $2 }' /proc/$pid/status)"
for ns in pid net; do
  [ "$(readlink /proc/$pid/ns/$ns)" = "$(readlink /proc/1/ns/$ns)" ] && echo "same-$ns=yes" || echo "same-$ns=no"
done
echo "packages=$(dpkg-query --show --showformat='\${Package}\\n' | grep -E '^(crun|runc|conmon|nodejs|containernetworking-plugins|containerd|podman|docker.io)$' | tr '\\n' ' ')"
echo "daemons=$(cat /proc/[0-9]*/comm 2>/dev/null | grep -E '^(containerd|dockerd|containerd-shim|crio)' | tr '\\n' ' ')"
echo "failed=$(systemctl list-units --state=failed --plain --no-legend | awk '{ print $1 }' | tr '\\n' ' ')"
echo "inhibitors=$(systemd-inhibit --list --no-legend | tr -s ' ' | tr '\\n' ';')"
echo "etcd-gib=$(df --output=size --block-size=1G /var/lib/etcd | tail -n 1)"
crictl ps | sed 's/^/crictl=/'
corefly list --full | sed 's/^/list=/'
echo inspected`;
  return deployment("inspector", 1, {
    hostPID: true,
    hostNetwork: true,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "inspector",
        image,
        command: [
          "sh",
          "-c",
          'while true; do chroot /host /bin/bash -lc "$SCRIPT"; sleep 10; done',
        ],
        env: [{ name: "SCRIPT", value: script }],
        securityContext: { privileged: true },
        volumeMounts: [{ name: "host", mountPath: "/host" }],
      },
    ],
    volumes: [{ name: "host", hostPath: { path: "/" } }],
  });
}
