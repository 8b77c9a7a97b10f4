## Where an operation is in its life

not-started = En attente
started = En cours
finished-ok = Terminé
finished-error = Échec
cancelled = Annulé

## Where a stage is

stage-pending = en attente
stage-active = en cours
stage-done = terminée
stage-failed = échouée
stage-cancelled = annulée
stage-reused = réutilisée

## What can be done

cancel = Annuler
cancelling = Annulation…
retry = Réessayer
continue = Continuer
continued-in = Suite :

## Attempts

attempt-of = Tentative { $number } sur { $max }
next-try-in = , prochaine dans
attempt-failed = La tentative { $number } sur { $max } a échoué, prochaine dans { $wait } : { $message }

## Progress

progress = Progression
percent = { $percent } %
done-of-total = { $done } sur { $total }
per-second = { $rate }/s
time-left = { $time } restantes
labelled = { $label } : { $text }

## Durations

hours-minutes = { $hours } h { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s

## The page of an operation

operation = Opération
log = Journal
whole-log = Journal complet
lines-gone =
    { $lines ->
        [one] La première ligne manque
       *[other] Les { $lines } premières lignes manquent
    }
traceback = Trace de l’erreur

## The connection

connected = En direct
reconnecting = Reconnexion…
offline = Hors ligne
refused = Cela n’a pas fonctionné. Veuillez réessayer.
unreachable = Le serveur est injoignable. Veuillez réessayer.

## The list

operations = Opérations
all-operations = Toutes les opérations
no-operations = Aucune opération ici.
next-page = Page suivante
previous-page = Page précédente
state = État
status = Statut
owner = Propriétaire
created = Création
every-state = Tous
search = Recherche
show = Afficher

## The list of staff

type = Type
every-type = Tous
age = Âge
every-age = Indifférent
within-hour = Depuis moins d’une heure
within-days =
    { $days ->
        [one] Depuis moins d’un jour
       *[other] Depuis moins de { $days } jours
    }
older-than-days =
    { $days ->
        [one] Depuis plus d’un jour
       *[other] Depuis plus de { $days } jours
    }
sort = Ordre
newest = Plus récentes d’abord
oldest = Plus anciennes d’abord
last-finished = Dernières terminées d’abord
longest-running = En cours depuis le plus longtemps d’abord
select-all = Tout sélectionner sur cette page
select-operation = Sélectionner { $title }, { $owner }, { $created }
cancel-selected = Annuler la sélection
retry-selected = Réessayer la sélection
done-of-selected = Fait pour { $done } sur { $all }.
nothing-selected = Rien n’est sélectionné.
staff-only = Réservé à l’équipe.

## What staff see of an operation

for-staff = Pour l’équipe
input = Entrée
attempt = Tentative
attempts-before = Tentatives non comptées
worker = Processus
queue = File d’attente
priority = Priorité
not-before = Pas avant
due = Prête depuis
started-on = Démarrée
ended-on = Terminée
waited = Attente
ran = Exécution
chained-from = Créée par
chained-to = Suivie de
stage = Étape
entered = Début
left = Fin
took = Durée
unknown = inconnu

## How a run ended

went-wrong = Une erreur est survenue. Si elle se reproduit, donnez ce numéro à l’assistance : { $id }
took-too-long = L’opération a été arrêtée parce qu’elle durait plus de { $time }.
result-too-large = Le résultat est trop volumineux pour être conservé. Si vous en avez besoin, donnez ce numéro à l’assistance : { $id }
worker-lost = Le processus d’exécution ne répond plus.
worker-lost-each-time = Le processus d’exécution a cessé de répondre à chaque fois qu’il a exécuté cette opération.

## In a terminal

stage-was-reused = Réutilisée : une tentative précédente a fait cette étape
stage-has-failed = Cette étape a échoué
warning = Avertissement
error = Erreur
result = Résultat

## Requests that are refused

bad-request-title = Requête incorrecte
forbidden-title = Accès refusé
not-found-title = Introuvable
conflict-title = Impossible pour l’instant
too-large-title = Trop volumineux
unsupported-title = Format inconnu
invalid-title = Illisible
too-many-title = Trop de demandes
internal-title = Erreur
show-it = L’afficher
already-ended = L’opération est déjà terminée.
not-ended = L’opération n’est pas encore terminée.
not-registered = L’application ne connaît plus ce type d’opération.
duplicate = La même opération est déjà en attente ou en cours.
not-found = Cette opération n’existe pas.
too-many-pages = Vous avez trop de pages ouvertes.
upload-too-large = Au plus { $bytes } octets étaient attendus, il y en a davantage.
internal = Une erreur est survenue sur le serveur.
other-site = Les requêtes venant d’autres sites sont refusées.
not-in-group = Vous n’appartenez pas au groupe auquel cette page est destinée.

## Forms

mistakes =
    { $count ->
        [one] Un point est à corriger
       *[other] { $count } points sont à corriger
    }
start = Démarrer
required = obligatoire
one-per-line = Un par ligne.
in-utc = En UTC.
files-again = Les fichiers doivent être choisis à nouveau.
yes = Oui
no = Non
missing = Remplissez ce champ.
missing-choice = Choisissez l’une de ces possibilités.
missing-file = Choisissez un fichier.
not-uploaded = Envoyez le fichier : un chemin n’est pas accepté ici.
not-a-list = Une liste était attendue.
several = Une seule valeur était attendue, il y en a plusieurs.
not-a-choice = Choisissez l’une des possibilités proposées.
not-an-email = Une adresse e-mail était attendue, comme ann@example.org.
not-a-url = Une adresse était attendue, comme https://example.org.
not-base64 = Du Base64 était attendu.
not-a-string = Un texte était attendu.
not-whole = Un nombre entier était attendu.
not-a-number = Un nombre était attendu.
not-yes-or-no = Oui ou non était attendu.
not-a-date = Une date était attendue, comme 2026-02-28.
not-a-time = Une heure était attendue, comme 14:30.
not-a-date-time = Une date et une heure étaient attendues, comme 2026-02-28T14:30.
not-an-instant = Une date et une heure étaient attendues, comme 2026-02-28T14:30Z.
out-of-bounds = Une valeur de { $min } à { $max } était attendue, et non { $found }.
too-small = { $min } ou plus était attendu, et non { $found }.
too-great = { $max } ou moins était attendu, et non { $found }.
too-long = Au plus { $max } caractères étaient attendus, il y en a { $found }.
file-too-large = Un fichier d’au plus { $max } octets était attendu.
not-accepted = Un fichier de type { $accept } était attendu.
