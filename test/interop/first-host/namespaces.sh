# Sourced: the rest of a script runs with private mounts and processes, a copy-on-write /etc and /var, and an empty /run and
# /home. Needs root. Its first argument is $folder, where it leaves what came of it; $overlay is scratch.
folder=$(cd "$1" && pwd)
if [ "${IN_NAMESPACES:-}" != yes ]; then
  IN_NAMESPACES=yes exec unshare -m -p -f --kill-child --mount-proc --propagation private -- "$0" "$folder"
fi

export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
overlay=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$overlay" || exit 3
mkdir "$overlay/before"
mount --bind /etc "$overlay/before" || exit 3
for d in etc var; do
  mkdir -p "$overlay/$d.up" "$overlay/$d.work"
  mount -t overlay overlay -o "lowerdir=/$d,upperdir=$overlay/$d.up,workdir=$overlay/$d.work" "/$d" || exit 3
done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /home
mkdir -p /run/lock

# told COMMAND...: what it said, and how it ended, in the file $name.
told() { "$@" >"$folder/$name" 2>&1; echo "exit $?" >>"$folder/$name"; }
