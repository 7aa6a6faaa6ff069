"""Packs a root folder as an OCI image archive of one layer (https://github.com/opencontainers/image-spec, version 1.1):

image.py ROOT VERSION EPOCH REVISION ARCHITECTURE > image.oci.tar

Nothing depends on the clock, the user or the order of folders. The program runs as user 65532, in /work.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import time

USER = 65532


def layer(root, epoch):
    """The layer's tar: every path sorted, owned by root but /work, all of one time."""
    paths = []
    for folder, folders, files in os.walk(root):
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(paths):
            entry = archive.gettarinfo(os.path.join(root, path), arcname=path)
            if entry.islnk():
                sys.exit(f"sluice: {path} is a hard link, which the image doesn't have.")
            entry.uid = entry.gid = USER if path == "work" else 0
            entry.uname = entry.gname = ""
            entry.mtime = epoch
            if entry.isreg():
                with open(os.path.join(root, path), "rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)
    return data.getvalue()


def main(root, version, epoch, revision, architecture):
    epoch = int(epoch)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    blobs = {}

    def store(data, media):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media, "digest": digest, "size": len(data)}

    def stored(value, media):
        return store(json.dumps(value, sort_keys=True).encode(), media)

    plain = layer(root, epoch)
    packed = store(gzip.compress(plain, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")
    annotations = {
        "org.opencontainers.image.title": "sluice",
        "org.opencontainers.image.description": "A continuous safety-regression gate for language models",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    config = stored(
        {
            "created": created,
            "architecture": architecture,
            "os": "linux",
            "config": {
                "User": f"{USER}:{USER}",
                "Entrypoint": ["/usr/bin/sluice"],
                "Cmd": ["--help"],
                "WorkingDir": "/work",
                "Env": ["PATH=/usr/bin", "HOME=/work"],
                "Labels": annotations,
            },
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
            "history": [{"created": created, "created_by": ".ci/release"}],
        },
        "application/vnd.oci.image.config.v1+json")
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = stored(
        {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": config,
            "layers": [packed],
            "annotations": annotations,
        },
        manifest_type)
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            manifest
            | {
                "platform": {"architecture": architecture, "os": "linux"},
                "annotations": {"org.opencontainers.image.ref.name": version},
            }
        ],
    }
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index, sort_keys=True).encode()}
    files |= {"blobs/sha256/" + digest.removeprefix("sha256:"): data for digest, data in blobs.items()}
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for folder in ("blobs", "blobs/sha256"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, epoch
            archive.addfile(entry)
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(files[name]), epoch
            archive.addfile(entry, io.BytesIO(files[name]))


main(*sys.argv[1:])
