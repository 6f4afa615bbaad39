// SPDX-License-Identifier: GPL-2.0
// One function for each way to hold a lock, or not to.
struct sock { struct { int slock; } sk_lock; int field; struct sock *other; };
void lock_sock(struct sock *sk);
void release_sock(struct sock *sk);
void spin_lock(int *lock);
void spin_unlock(int *lock);
int sock_owned_by_user(struct sock *sk);
struct sock *sk_clone_lock(struct sock *sk);
void inet_ehash_insert(struct sock *sk);
#define bh_lock_sock(sk) spin_lock(&((sk)->sk_lock.slock))
#define bh_unlock_sock(sk) spin_unlock(&((sk)->sk_lock.slock))
void plain(struct sock *sk) { sk->field = 1; }
void between(struct sock *sk) { lock_sock(sk); sk->field = 1; release_sock(sk); }
void after(struct sock *sk) { lock_sock(sk); release_sock(sk); sk->field = 1; }
void another(struct sock *sk) { lock_sock(sk->other); sk->field = 1; release_sock(sk->other); }
void alias(struct sock *sk) { struct sock *same = sk; lock_sock(sk); same->field = 1; release_sock(sk); }
void one_branch(struct sock *sk, int x) { if (x) lock_sock(sk); sk->field = 1; }
void both_branches(struct sock *sk, int x) { if (x) lock_sock(sk); else lock_sock(sk); sk->field = 1; }
void early_return(struct sock *sk, int x) { lock_sock(sk); if (x) { release_sock(sk); return; } sk->field = 1; }
void jump(struct sock *sk, int x) { if (x) goto out; lock_sock(sk); out: sk->field = 1; }
void jump_back(struct sock *sk, int x) { lock_sock(sk); again: sk->field = 1; release_sock(sk); if (x) goto again; }
void loop(struct sock *sk, int x) { lock_sock(sk); while (x--) { sk->field = 1; release_sock(sk); } }
void once(struct sock *sk) { do { lock_sock(sk); } while (0); sk->field = 1; }
void choice(struct sock *sk, int x) { switch (x) { case 1: lock_sock(sk); break; default: return; } sk->field = 1; }
void bottom_half(struct sock *sk) { bh_lock_sock(sk); sk->field = 1; bh_unlock_sock(sk); }
void no_owner(struct sock *sk) { bh_lock_sock(sk); if (!sock_owned_by_user(sk)) sk->field = 1; bh_unlock_sock(sk); }
void an_owner(struct sock *sk) { bh_lock_sock(sk); if (sock_owned_by_user(sk)) sk->field = 1; bh_unlock_sock(sk); }
void made(struct sock *sk) { struct sock *newsk = sk_clone_lock(sk); newsk->field = 1; }
void published(struct sock *sk) { struct sock *newsk = sk_clone_lock(sk); inet_ehash_insert(newsk); newsk->field = 1; }
